import { objectMembers, type FieldTypes, type StoredType } from '@keyport/codec';
import type { EventProblem } from './published-event.ts';
import type { RecordEvent } from './record-event.ts';

export interface RowDataset {
  /** Fields of the dataset's key; empty where that is `_id`. */
  readonly key: readonly string[];
  readonly fieldTypes: FieldTypes;
}

/** The event as one row of NDJSON: the record, or of a deletion what it matches on. */
export function rowOf(event: RecordEvent, dataset: RowDataset): Uint8Array | EventProblem {
  return event.isDelete ? deletedRow(event, dataset) : upsertedRow(event, dataset);
}

export const isProblem = (row: Uint8Array | EventProblem): row is EventProblem => !(row instanceof Uint8Array);

/**
 * Where the dataset has no key and the record no `_id`, the event's subject becomes the `_id`: the same subject means the
 * same record.
 */
function upsertedRow({ subject, data }: RecordEvent, { key }: RowDataset): Uint8Array {
  const record = data ?? Buffer.from('null');
  if (key.length > 0 || subject === undefined || !isObject(record) || holds(record, '_id')) return record;
  const rest = record.subarray(1);
  const isEmpty = /^\s*\}/.test(Buffer.from(rest).toString('latin1', 0, 64)) && objectMembers(record).length === 0;
  return Buffer.concat([Buffer.from(`{"_id":${JSON.stringify(subject)}${isEmpty ? '' : ','}`), rest]);
}

/** `data` where it names the record, else the event's subject. */
function deletedRow({ subject, data }: RecordEvent, { key, fieldTypes }: RowDataset): Uint8Array | EventProblem {
  const [field = '_id'] = key;
  if (data && (!isObject(data) || holds(data, topLevel(field)))) return data;
  if (key.length > 1) {
    const message = `The key has several fields: they are to be in data (${key.join(', ')}).`;
    return { code: 'MISSING_KEY', message, path: field };
  }
  if (subject === undefined) {
    return { code: 'MISSING_KEY', message: `Neither subject nor data names the record to delete.`, path: field };
  }
  const names = field.split('.').map((name) => `{${JSON.stringify(name)}:`);
  return Buffer.from(`${names.join('')}${literalOf(subject, fieldTypes[field])}${'}'.repeat(names.length)}`);
}

const numbers: ReadonlySet<StoredType | undefined> = new Set<StoredType>(['int', 'long', 'double', 'decimal']);

/** The subject is a text; where the schema says that the key is a number, so is what stands in it. */
function literalOf(subject: string, type: StoredType | undefined): string {
  const isNumber = numbers.has(type) && /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(subject);
  const isBoolean = type === 'boolean' && /^(true|false)$/.test(subject);
  return isNumber || isBoolean ? subject : JSON.stringify(subject);
}

const isObject = (bytes: Uint8Array) => bytes[0] === 0x7b;

// What is no JSON object has no members, and whoever reads the row says why.
function holds(object: Uint8Array, name: string): boolean {
  try {
    return objectMembers(object).some(([member]) => member === name);
  } catch {
    return true;
  }
}

const topLevel = (field: string) => field.split('.', 1)[0] as string;
