import type { WriteMode } from '@keyport/contracts';
import { Double, EJSON, Int32, Long, type BSON } from 'bson';
import { noCounts, type WriteReply } from '../writing/plan.ts';

/** Modes as a few plain lines: what the service must come to by way of MongoDB. */

export interface ModelDataset {
  /** The dataset's key, unique; null where it has none. */
  readonly key: readonly string[] | null;
}

export interface ModelChunk {
  readonly mode: WriteMode;
  /** What rows match on; `_id` where it is empty. */
  readonly match: readonly string[];
  readonly rows: readonly BSON.Document[];
}

type Fault = readonly [code: string, path: string];
export type ModelReply = Omit<WriteReply, 'rejected'> & {
  /** Index, code and path of each refused row. */
  readonly rejected: (readonly [number, string, string])[];
};

export const exactly = (document: BSON.Document): string => EJSON.stringify(document, { relaxed: false });

/** Writes a chunk's rows one by one into the stored records. */
export function applyChunk(
  stored: BSON.Document[],
  { key }: ModelDataset,
  { mode, match, rows }: ModelChunk,
): ModelReply {
  const reply = { ...noCounts, rejected: [] as [number, string, string][] };
  const by = mode === 'insert' ? [] : match.length === 0 ? ['_id'] : match;
  rows.forEach((row, index) => {
    const done = applyRow(stored, row, { key: key ?? [], by, mode });
    if (typeof done !== 'string') reply.rejected.push([index, ...done]);
    else reply[done] += 1;
  });
  return reply;
}

interface Applying {
  readonly key: readonly string[];
  readonly by: readonly string[];
  readonly mode: WriteMode;
}

function applyRow(
  stored: BSON.Document[],
  row: BSON.Document,
  { key, by, mode }: Applying,
): keyof typeof noCounts | Fault {
  const mayLackKey = (mode === 'merge' && !isSameList(key, by)) || mode === 'delete';
  const fault = (mayLackKey ? undefined : faultOf(row, key)) ?? faultOf(row, by);
  if (fault) return fault;
  const matching = by.length === 0 ? [] : stored.filter((record) => hasSame(record, row, by));
  const target = matching.sort(byId)[0];
  if (!target && (mode === 'replace' || mode === 'delete')) return 'skipped';
  if (target && mode === 'delete') {
    stored.splice(stored.indexOf(target), 1);
    return 'deleted';
  }
  const fields = mode === 'merge' ? { ...target, ...row } : row;
  // `_id` comes first in each of them, and the record keeps its own.
  const after = target ? Object.assign({}, fields, { _id: target._id as unknown }) : row;
  const faultAfter = faultOf(after, key);
  if (faultAfter) return faultAfter;
  const others = stored.filter((record) => record !== target);
  if (others.some((record) => hasSame(record, after, ['_id']))) return ['DUPLICATE_KEY', '_id'];
  if (key.length > 0 && others.some((record) => hasSame(record, after, key))) return ['DUPLICATE_KEY', key.join(',')];
  if (!target) {
    stored.push(after);
    return 'inserted';
  }
  if (exactly(target) === exactly(after)) return 'unchanged';
  stored[stored.indexOf(target)] = after;
  return 'updated';
}

const isSameList = (one: readonly string[], other: readonly string[]) => String(one) === String(other);

const isNumber = (value: unknown): value is Int32 | Double | Long =>
  value instanceof Int32 || value instanceof Double || value instanceof Long;
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value);

function valueAt(document: BSON.Document, path: string): unknown {
  let at: unknown = document;
  for (const name of path.split('.')) {
    if (Array.isArray(at)) return at;
    at = isPlain(at) ? at[name] : undefined;
  }
  return at;
}

function faultOf(row: BSON.Document, fields: readonly string[]): Fault | undefined {
  for (const path of fields) {
    const value = valueAt(row, path);
    if (value === undefined) return ['MISSING_KEY', path];
    if (Array.isArray(value)) return ['KEY_TYPE', path];
  }
  return undefined;
}

/** Numbers are equal over all types, and nothing is null. */
function identity(value: unknown): string {
  if (isNumber(value)) return `number ${Number(value.toString())}`;
  return `${typeof value} ${EJSON.stringify({ value: value ?? null })}`.replace('undefined', 'object');
}

const hasSame = (one: BSON.Document, other: BSON.Document, fields: readonly string[]) =>
  fields.every((path) => identity(valueAt(one, path)) === identity(valueAt(other, path)));

/** As MongoDB sorts numbers and strings. */
export function byId({ _id: one }: BSON.Document, { _id: other }: BSON.Document): number {
  if (isNumber(one) !== isNumber(other)) return isNumber(one) ? -1 : 1;
  if (isNumber(one)) return Number(String(one)) - Number(String(other));
  return String(one) < String(other) ? -1 : 1;
}
