import type { Timestamp } from 'bson';
import type { RecordOperation } from './change-history.ts';

interface Namespace {
  readonly db: string;
  readonly coll?: string;
}

/** An event of a change stream, as far as {@link changePipeline} leaves it. */
export interface StreamEvent {
  readonly operationType: string;
  readonly clusterTime: Timestamp;
  readonly ns?: Namespace;
  /** Of a rename. */
  readonly to?: Namespace;
  readonly documentKey?: { readonly _id: unknown };
}

/** A record of a collection was changed. */
export interface RecordChange {
  readonly collection: string;
  readonly id: unknown;
  readonly at: Timestamp;
  readonly op: RecordOperation;
}

/** Collections were dropped, or replaced as a whole: which of their records are gone, no event says. */
export interface Break {
  readonly at: Timestamp;
  readonly collections: readonly string[] | 'all';
  /** The stream ends here. */
  readonly endsStream: boolean;
}

export type Step = { readonly changes: readonly RecordChange[] } | { readonly break: Break };

const ofRecords: ReadonlySet<string> = new Set<RecordOperation>(['insert', 'update', 'replace', 'delete']);
/** MongoDB manual, "Change Events". */
const ofDatabase = ['dropDatabase', 'invalidate'];

/** What a stream over a database gives of these collections: who changed when, without the records. */
export const changePipeline = (collections: readonly string[]) => [
  {
    $match: {
      $or: [
        { 'ns.coll': { $in: collections } },
        { 'to.coll': { $in: collections } },
        { operationType: { $in: ofDatabase } },
      ],
    },
  },
  { $project: { operationType: 1, clusterTime: 1, ns: 1, to: 1, documentKey: 1 } },
];

/** Events in their order, as changes that are stored together, and breaks. */
export function stepsOf(events: readonly StreamEvent[]): Step[] {
  const steps: Step[] = [];
  let changes: RecordChange[] = [];
  for (const event of events) {
    const change = changeOf(event);
    if (change) {
      changes.push(change);
      continue;
    }
    const found = breakOf(event);
    if (!found) continue;
    if (changes.length > 0) steps.push({ changes });
    changes = [];
    steps.push({ break: found });
  }
  return changes.length > 0 ? [...steps, { changes }] : steps;
}

function changeOf({ operationType, clusterTime: at, ns, documentKey }: StreamEvent): RecordChange | undefined {
  if (!ofRecords.has(operationType) || ns?.coll === undefined || !documentKey) return undefined;
  return { collection: ns.coll, id: documentKey._id, at, op: operationType as RecordOperation };
}

function breakOf({ operationType, clusterTime: at, ns, to }: StreamEvent): Break | undefined {
  if (ofDatabase.includes(operationType)) return { at, collections: 'all', endsStream: operationType === 'invalidate' };
  if (operationType !== 'drop' && operationType !== 'rename') return undefined;
  const collections = [ns?.coll, to?.coll].filter((name) => name !== undefined);
  return { at, collections, endsStream: false };
}

/** MongoDB manual, "Error Codes": ChangeStreamFatalError, ChangeStreamHistoryLost. */
const lostHistory: ReadonlySet<number> = new Set([280, 286]);

/**
 * True where the stream cannot go on from where it was: the oplog does not reach back so far. The code is no plain number
 * where the stream keeps the types of what it gives.
 */
export const isHistoryLost = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && lostHistory.has(Number(error.code));
