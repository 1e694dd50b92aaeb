import { MONGO_CONNECTION } from '@keyport/mongo';
import { outbox, relaying } from '@keyport/outbox';
import type { Connection, mongo } from 'mongoose';
import { datasetModel } from '../datasets/dataset.model.ts';
import { Sources } from '../sources/sources.service.ts';
import { presentEvent } from './dataset-events.ts';
import { outboxModel } from './outbox.model.ts';

const outboxIn = (collection: mongo.Collection) => outbox({ collection, present: presentEvent, isOnlyOutbox: true });

/** Datasets keep what is untold of them; the outbox has it of datasets that are gone, and of records. */
export const tellingEvents = relaying({
  useFactory: (connection: Connection, sources: Sources) => {
    const own = outboxModel(connection).collection as unknown as mongo.Collection;
    const datasets = outbox({
      ...{ collection: datasetModel(connection).collection, fields: [], present: presentEvent, after: own },
    });
    return () => {
      const elsewhere = sources.answering().map(({ ledgerDb }) => outboxIn(ledgerDb.collection('outbox')));
      return Promise.resolve([outboxIn(own), datasets, ...elsewhere]);
    };
  },
  inject: [MONGO_CONNECTION, Sources],
});
