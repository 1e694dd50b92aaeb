import {
  elementAtPath,
  findFirstBatch,
  firstElement,
  MONGO_CONNECTION,
  rawPath,
  valuesOf,
  type RawBatch,
} from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { Connection } from 'mongoose';
import { projectionFor } from '../limits/projection.ts';
import { Places } from '../sources/places.service.ts';
import { changesNameOf } from './change-history.ts';
import type { Changed } from './increment-page.ts';

const seqPath = rawPath('seq');

/** Reads what was kept of changes, and the records that it speaks of. */
@Injectable()
export class ChangedRecords {
  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly places: Places,
  ) {}

  /** Changes with a number above `after`, up to `upTo`, in their order. */
  async changed(historyId: string, after: number, upTo: number, limit: number): Promise<Changed[]> {
    if (!this.connection.db) throw new Error('the connection is not open');
    const { bytes, starts } = await findFirstBatch(this.connection.db, {
      find: changesNameOf(historyId),
      filter: { seq: { $gt: after, $lte: upTo } },
      projection: { seq: 1 },
      sort: { seq: 1 },
      ...{ limit, batchSize: limit },
      readConcern: { level: 'majority' },
    });
    return starts.flatMap((start) => {
      const id = firstElement(bytes, start);
      const seq = elementAtPath(bytes, seqPath, start);
      return id && seq ? [{ id, seq: Number(valuesOf([seq])[0]) }] : [];
    });
  }

  /** Those of the records that are there, as they were at a time or later. */
  present(
    collectionName: string,
    changed: readonly Changed[],
    time: Timestamp,
    fields: readonly string[] | undefined,
  ): Promise<RawBatch> {
    const command = {
      filter: { _id: { $in: valuesOf(changed.map(({ id }) => id)) } },
      ...(fields && { projection: projectionFor(fields) }),
      hint: { _id: 1 },
      batchSize: changed.length + 1,
      readConcern: { level: 'majority', afterClusterTime: time },
    };
    return this.places.in(collectionName, ({ db, name }) => findFirstBatch(db, { find: name, ...command }));
  }

  /** Resolves once whoever reads after this sees what was committed before a time. */
  async settle(collectionName: string, time: Timestamp): Promise<void> {
    const command = { limit: 1, projection: { _id: 1 }, readConcern: { level: 'majority', afterClusterTime: time } };
    await this.places.in(collectionName, ({ db, name }) => findFirstBatch(db, { find: name, ...command }));
  }
}
