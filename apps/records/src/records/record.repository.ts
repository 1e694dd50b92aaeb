import { findFirstBatch, type RawBatch } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { ClientSession } from 'mongoose';
import { allOf, type Query } from '../limits/limit-filter.ts';
import { projectionFor } from '../limits/projection.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { VisibleRows } from '../limits/visible-rows.ts';
import { withoutId } from '../scanning/page.ts';
import { concernOf } from '../scanning/scan.repository.ts';
import { Places } from '../sources/places.service.ts';

@Injectable()
export class RecordRepository {
  constructor(
    private readonly places: Places,
    private readonly visible: VisibleRows,
  ) {}

  /** The bytes of a record, as far as they are shown, now or at a time; undefined where it is not shown. */
  async find(collectionName: string, id: unknown, view: ReadView, at?: Timestamp): Promise<Buffer | undefined> {
    const where = withId(id);
    const batch = await this.read(collectionName, allOf(where, view.query), view, at);
    const record = firstOf(batch);
    if (!record) return undefined;
    if (!view.parts) return showsId(view.fields) ? record : withoutId(record);
    const place = { collectionName, where, clusterTime: batch.clusterTime ?? at };
    const [row] = await this.visible.show([record], view.fields, view.parts, place);
    return row && (showsId(row.fields) ? row.document : withoutId(row.document));
  }

  /** Whether there is such a record, whoever may see it. */
  async exists(collectionName: string, id: unknown): Promise<boolean> {
    const found = await this.places.in(collectionName, ({ db, name }) =>
      db.collection(name).findOne(withId(id), { projection: { _id: 1 } }),
    );
    return found !== null;
  }

  /** Within a transaction. False where there is none that the query matches. */
  async delete(
    session: ClientSession,
    collectionName: string,
    id: unknown,
    query: Query | undefined,
  ): Promise<boolean> {
    const { deletedCount } = await this.places.in(collectionName, ({ db, name }) =>
      db.collection(name).deleteOne(allOf(withId(id), query), { session }),
    );
    return deletedCount === 1;
  }

  private read(
    collectionName: string,
    filter: Query,
    { fields, parts }: ReadView,
    at: Timestamp | undefined,
  ): Promise<RawBatch> {
    const command = {
      filter,
      ...(fields && { projection: projectionFor(fields) }),
      hint: { _id: 1 },
      limit: 1,
      readConcern: concernOf(parts !== undefined, at),
    };
    return this.places.in(collectionName, ({ db, name }) => findFirstBatch(db, { find: name, ...command }));
  }
}

const withId = (id: unknown): Query => ({ _id: { $eq: id } });

function firstOf({ bytes, starts }: RawBatch): Buffer | undefined {
  const [start] = starts;
  return start === undefined ? undefined : bytes.subarray(start, start + bytes.readInt32LE(start));
}
