import type { RequestOf, WriteRejection, writeRecords } from '@keyport/contracts';
import { asBuffer, type WriteFault } from '@keyport/mongo';
import { isSameKey } from '../datasets/dataset-key.ts';
import { identifyingFields, isRejection, readRow, rowStarts, type ChunkRow, type Identifying } from './chunk.ts';
import { duplicateKey } from './plan.ts';
import type { Verdicts } from '../limits/verdicts.ts';
import type { WriteLimits } from './write-limits.ts';

export type WriteRequest = RequestOf<typeof writeRecords>;

/** How often a duplicate that reading did not show is taken for a race, before the row is refused for it. */
const maxRaces = 3;
const duplicateKeyCode = 11000;

/** A chunk on its way: what the server refused of it so far is left out of the next attempt. */
export interface PendingChunk {
  readonly request: WriteRequest;
  readonly rowStarts: readonly number[];
  readonly refused: Map<number, WriteRejection>;
  /** Set once the server found a duplicate `_id` or key, which a blind insert could not see coming. */
  mustRead: boolean;
  races: number;
  keyFields: readonly string[];
  /** What its writer may write; undefined where nothing is limited. Verdicts hold for all attempts. */
  readonly limits: { readonly limits: WriteLimits; readonly verdicts: Verdicts } | undefined;
  /** Of a dry run: the collection that holds what its chunks would have written. */
  readonly overlay: string | undefined;
}

/** Throws VALIDATION_FAILED where the documents are not what the request says. */
export const pendingChunk = (
  request: WriteRequest,
  limits?: PendingChunk['limits'],
  overlay?: string,
): PendingChunk => ({
  request,
  rowStarts: rowStarts(request),
  refused: new Map(),
  mustRead: false,
  races: 0,
  keyFields: [],
  limits,
  overlay,
});

export function identifying(
  { mode, key: wanted }: Pick<WriteRequest, 'mode' | 'key'>,
  datasetKey: readonly string[] | null,
): Identifying {
  const key = datasetKey && identifyingFields(datasetKey);
  if (mode === 'insert') return { key, match: null };
  if (key && isSameKey(wanted, key.names)) return { key, match: key };
  const match = identifyingFields(wanted.length === 0 ? ['_id'] : wanted);
  // A row that deletes may hold nothing but what it matches on.
  return mode === 'delete' ? { key: null, match } : { key, match, mayLackKey: mode === 'merge' };
}

/** Documents before `end`, with their numbers, that nothing has been refused of so far. */
export function keptDocuments({ request, rowStarts, refused }: PendingChunk, end = rowStarts.length) {
  const bytes = asBuffer(request.documents);
  const rows = rowStarts.slice(0, end).flatMap((_, index) => (refused.has(index) ? [] : [index]));
  const documents = rows.map((index) => bytes.subarray(rowStarts[index], rowStarts[index + 1]));
  return { rows, documents };
}

/** The rows with their identity, and what is rejected for having none or was refused before. */
export function readRows({ request, rowStarts, refused }: PendingChunk, by: Identifying) {
  const bytes = asBuffer(request.documents);
  const rejected = new Map(refused);
  const rows: ChunkRow[] = [];
  rowStarts.forEach((start, index) => {
    if (refused.has(index)) return;
    const row = readRow(bytes, start, index, by);
    if (isRejection(row)) rejected.set(index, row);
    else rows.push(row);
  });
  return { rows, rejected };
}

/**
 * What the next attempt does otherwise. The server stops at the first statement that it refuses, so leaving that row out
 * and starting again ends as writing one by one would. A duplicate of `_id` or key that reading should have shown is a
 * race with another writer at first: the next attempt sees what that one stored.
 */
export function learn(chunk: PendingChunk, row: number, { code, fields, message }: WriteFault): void {
  if (code === duplicateKeyCode && isKnown(fields, chunk.keyFields)) {
    const wasBlind = !chunk.mustRead;
    chunk.mustRead = true;
    chunk.races += 1;
    if (wasBlind || chunk.races <= maxRaces) return;
  }
  chunk.refused.set(
    row,
    code === duplicateKeyCode
      ? duplicateKey(row, fields)
      : { index: row, code: 'STORE_REFUSED', message: message.slice(0, 500) },
  );
}

const isKnown = (fields: readonly string[], keyFields: readonly string[]) =>
  isSameKey(fields, ['_id']) || isSameKey(fields, keyFields);
