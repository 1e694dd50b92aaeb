import { MONGO_CONNECTION } from '@keyport/mongo';
import { outbox, relaying } from '@keyport/outbox';
import type { Connection } from 'mongoose';
import { presentedFields, presentEvent } from './imports/import-events.ts';
import { importModel } from './imports/import.model.ts';

/** Each document keeps what is untold of it. */
const outboxOf = (connection: Connection) =>
  outbox({ collection: importModel(connection).collection, fields: presentedFields, present: presentEvent });

export const tellingEvents = relaying({
  useFactory: (connection: Connection) => {
    const imports = outboxOf(connection);
    return () => Promise.resolve([imports]);
  },
  inject: [MONGO_CONNECTION],
});
