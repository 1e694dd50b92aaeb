import type { mongo } from 'mongoose';
import { placeNameOf, type KeptChange } from './change-history.ts';
import type { TrackedDataset } from './change-histories.repository.ts';
import type { RecordChange } from './stream-events.ts';
import { isBefore } from './stream-time.ts';

/** A change as it is to be kept by a history. */
export type HistoryChange = KeptChange & { readonly historyId: string };

/** What is kept of changes, numbered on from `seq`; a dataset does not keep those from before its history. */
export function keptOf(
  changes: readonly RecordChange[],
  tracked: readonly TrackedDataset[],
  seq: number,
): HistoryChange[] {
  const byPlace = Map.groupBy(tracked, ({ collectionName }) => placeNameOf(collectionName));
  const kept = changes.flatMap((change) =>
    (byPlace.get(change.collection) ?? [])
      .filter(({ history: { from } }) => from !== null && !isBefore(change.at, from))
      .map(({ history }) => ({ ...change, historyId: history.id })),
  );
  return kept.map(({ historyId, id, at, op }, index) => ({ historyId, _id: id, seq: seq + index + 1, at, op }));
}

/** A record that is new has mostly had no change before: that is tried, since it is many times as fast to store. */
export const mayInsert = (changes: readonly HistoryChange[]): boolean => changes.every(({ op }) => op === 'insert');

export const insertsOf = (changes: readonly HistoryChange[]): mongo.Document[] =>
  changes.map(({ _id, seq, at, op }) => ({ _id, seq, at, op }));

/** Of several changes of a record the last one stays. */
export const upsertsOf = (changes: readonly HistoryChange[]): mongo.AnyBulkWriteOperation[] =>
  changes.map(({ _id, seq, at, op }) => ({
    updateOne: { filter: { _id: { $eq: _id } } as never, update: { $set: { seq, at, op } }, upsert: true },
  }));
