import { MONGO_CONNECTION } from '@keyport/mongo';
import { outbox, relaying } from '@keyport/outbox';
import type { Connection } from 'mongoose';
import { presentedFields, presentEvent } from './keys/key-events.ts';
import { keyModel } from './keys/key.model.ts';

/** Each document keeps what is untold of it. */
const outboxOf = (connection: Connection) =>
  outbox({ collection: keyModel(connection).collection, fields: presentedFields, present: presentEvent });

export const tellingEvents = relaying({
  useFactory: (connection: Connection) => {
    const keys = outboxOf(connection);
    return () => Promise.resolve([keys]);
  },
  inject: [MONGO_CONNECTION],
});
