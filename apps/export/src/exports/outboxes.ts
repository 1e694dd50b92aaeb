import { MONGO_CONNECTION } from '@keyport/mongo';
import { outbox, relaying } from '@keyport/outbox';
import type { Connection } from 'mongoose';
import { presentedFields, presentEvent } from './export-events.ts';
import { exportModel } from './export.model.ts';

/** Each document keeps what is untold of it. */
const outboxOf = (connection: Connection) =>
  outbox({ collection: exportModel(connection).collection, fields: presentedFields, present: presentEvent });

export const tellingEvents = relaying({
  useFactory: (connection: Connection) => {
    const exports = outboxOf(connection);
    return () => Promise.resolve([exports]);
  },
  inject: [MONGO_CONNECTION],
});
