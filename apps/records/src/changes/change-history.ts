import type { Timestamp } from 'bson';
import { mappingOf, sourceOf } from '../sources/place.ts';

/** What is kept of the changes of a dataset; part of its definition. */
export interface ChangeHistory {
  /** Another one begins where changes may have been missed: cursors of the one before have expired. */
  readonly id: string;
  /** Changes at this cluster time and later are kept; null until the tail has taken it up. */
  readonly from: Timestamp | null;
  /** Changes with this number and lower ones are not kept any more. */
  readonly keptAfter: number;
}

/** A change as it is kept, in a collection of its history's own; the newest of each record. */
export interface KeptChange {
  /** The record's. */
  readonly _id: unknown;
  /** Grows with every change that a tail stores. */
  readonly seq: number;
  readonly at: Timestamp;
  readonly op: RecordOperation;
}

export type RecordOperation = 'insert' | 'update' | 'replace' | 'delete';

/** The collection of a history. */
export const changesNameOf = (historyId: string): string => `c_${historyId}`;

const ownStream = 'own';
const sourcePrefix = 'source:';

/** The database that changes of this collection are seen in: one change stream serves all its datasets. */
export function streamOf(collectionName: string): string {
  const source = sourceOf(collectionName);
  return source === null ? ownStream : `${sourcePrefix}${source}`;
}

/** Null for Keyport's own database. */
export const sourceOfStream = (stream: string): string | null =>
  stream === ownStream ? null : stream.slice(sourcePrefix.length);

/** The collection's own name, in that database. */
export const placeNameOf = (collectionName: string): string => mappingOf(collectionName)?.collection ?? collectionName;
