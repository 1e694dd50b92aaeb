import { createHash } from 'node:crypto';
import { findFirstBatch, firstElement, type FindCommand, type RawBatch, type RawElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { allOf, type Query } from '../limits/limit-filter.ts';
import { mappingOf } from '../sources/place.ts';
import { Places } from '../sources/places.service.ts';

/** Records of a collection in `_id` order, all of them or those of a range. */
export interface Range {
  readonly collectionName: string;
  /** `_id` that the range begins behind. */
  readonly after?: unknown;
  /** Last `_id` of the range. */
  readonly until?: unknown;
  readonly query?: Query | undefined;
  /** The state of the database to read; else whatever a majority has. */
  readonly at?: Timestamp | undefined;
}

export interface Stretch extends Range {
  readonly projection: Record<string, 1> | undefined;
  readonly limit: number;
  /** Reads one state of the database, which the batch names. */
  readonly isSnapshot?: boolean;
  /** MongoDB may use any index, and sort by `_id` what that gives. */
  readonly isPlannedFreely?: boolean;
  /** Error 50 after so many milliseconds. */
  readonly maxTimeMs?: number | undefined;
}

@Injectable()
export class ScanRepository {
  constructor(private readonly places: Places) {}

  read(stretch: Stretch): Promise<RawBatch> {
    return this.find(stretch.collectionName, findCommand(stretch));
  }

  /** `_id` of the record that so many records of the range end with; undefined where it has fewer. */
  async idAfter(range: Range, count: number): Promise<RawElement | undefined> {
    const command = findCommand({ ...range, projection: { _id: 1 }, limit: 1 });
    const { bytes, starts } = await this.find(range.collectionName, { ...command, skip: count - 1 });
    const [start] = starts;
    return start === undefined ? undefined : firstElement(bytes, start);
  }

  /** The newest state that can be read; undefined where there is none to name. */
  async newestState(collectionName: string): Promise<Timestamp | undefined> {
    const command = findCommand({ collectionName, projection: { _id: 1 }, limit: 1, isSnapshot: true });
    const { clusterTime } = await this.find(collectionName, command);
    return clusterTime;
  }

  /** Average bytes of a stored record; 0 where there are none. */
  async averageBytes(collectionName: string): Promise<number> {
    const { avgObjSize } = await this.places.in(collectionName, ({ db, name }) => db.command({ collStats: name }));
    return Number(avgObjSize ?? 0);
  }

  /**
   * Tells the dataset with its collection from one that was deleted and made anew. The team may drop a mapped collection
   * and make it anew under the same name: MongoDB's UUID of it says so, which no reply of a `find` names.
   */
  async identityOf({ id, collectionName }: Pick<DatasetDefinition, 'id' | 'collectionName'>): Promise<string> {
    if (!mappingOf(collectionName)) return id;
    const uuid = await this.places.in(collectionName, async ({ db, name }) => {
      const [found] = await db.listCollections({ name }, { authorizedCollections: true, nameOnly: false }).toArray();
      return found && 'info' in found ? found.info?.uuid?.toString('hex') : 'none';
    });
    return createHash('sha256')
      .update(`${id} ${uuid ?? ''}`)
      .digest('hex')
      .slice(0, id.length);
  }

  private find(collectionName: string, command: FindCommand): Promise<RawBatch> {
    return this.places.in(collectionName, ({ db, name }) => findFirstBatch(db, { ...command, find: name }));
  }
}

/**
 * Keyset on `_id`. `$expr`, since a bare `$gt` ends where the BSON type of the last `_id` ends and loses the rest of a
 * collection of mixed types; a range of `min` would lose records when the last one was deleted.
 */
export function findCommand({
  collectionName,
  projection,
  limit,
  isSnapshot,
  isPlannedFreely,
  maxTimeMs,
  ...range
}: Stretch) {
  return {
    find: collectionName,
    filter: filterOf({ collectionName, ...range }),
    ...(projection && { projection }),
    sort: { _id: 1 },
    ...(!isPlannedFreely && { hint: { _id: 1 } }),
    limit,
    batchSize: limit,
    ...(maxTimeMs !== undefined && { maxTimeMS: maxTimeMs }),
    readConcern: concernOf(isSnapshot, range.at),
  };
}

/** The read concern for one state, the newest or that of a time, or for whatever a majority has. */
export const concernOf = (isSnapshot: boolean | undefined, at: Timestamp | undefined) =>
  at ? { level: 'snapshot', atClusterTime: at } : { level: isSnapshot ? 'snapshot' : 'majority' };

/** Bounds are there or not: an `_id` may be null. */
export function filterOf(range: Range): Query {
  const behind = 'after' in range ? { $expr: { $gt: ['$_id', { $literal: range.after }] } } : undefined;
  const upTo = 'until' in range ? { $expr: { $lte: ['$_id', { $literal: range.until }] } } : undefined;
  return allOf(behind, upTo, range.query);
}
