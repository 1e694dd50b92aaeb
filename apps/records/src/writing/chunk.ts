import { KeyportError, type RequestOf, type WriteRejection, writeRecords } from '@keyport/contracts';
import {
  bsonType,
  comparable,
  comparableAll,
  elementAtPath,
  firstElement,
  MalformedBson,
  nameOf,
  splitDocuments,
  type RawElement,
} from '@keyport/mongo';

/** `maxWriteBatchSize` of MongoDB: statements a command. */
export const maxRows = 100_000;

/** The documents of a chunk, in order. Throws VALIDATION_FAILED where they are not what the request says. */
export function rowsOf({ documents, count }: Pick<RequestOf<typeof writeRecords>, 'documents' | 'count'>): Buffer[] {
  const rows = readingBson(() => splitDocuments(documents));
  if (rows.length !== count || count > maxRows) {
    throw invalidChunk(`holds ${rows.length} documents; count says ${count}, and ${maxRows} is the limit`);
  }
  return rows;
}

/** What identifies a row: the texts are equal where MongoDB takes the values for equal. */
export interface RowIdentity {
  readonly index: number;
  readonly idElement: RawElement;
  readonly id: string;
  /** Of the dataset's key; null where it has none. */
  readonly key: Identity | null;
  /** Of what an upsert matches on; null for an insert. */
  readonly match: Identity | null;
  /** All elements behind `_id`. */
  readonly body: Buffer;
}

export interface Identity {
  readonly text: string;
  readonly elements: readonly RawElement[];
}

export interface Identifying {
  /** The dataset's key. */
  readonly key: readonly string[] | null;
  /** Fields that an upsert matches on; null for an insert. */
  readonly match: readonly string[] | null;
}

/** Reads the identity of a row, or says why it has none. Throws VALIDATION_FAILED where `_id` does not come first. */
export function identify(row: Buffer, index: number, { key, match }: Identifying): RowIdentity | WriteRejection {
  const idElement = readingBson(() => firstElement(row));
  if (!idElement || nameOf(idElement) !== '_id') throw invalidChunk(`document ${index} does not begin with _id`);
  if (notComparable.has(idElement.type)) return keyType(index, '_id');
  const ofKey = key && readingBson(() => identityAt(row, index, key));
  if (ofKey && 'code' in ofKey) return ofKey;
  const ofMatch = match && (match === key ? ofKey : readingBson(() => identityAt(row, index, match)));
  if (ofMatch && 'code' in ofMatch) return ofMatch;
  const body = row.subarray(idElement.end, row.length - 1);
  return { index, idElement, id: comparable(idElement), key: ofKey, match: ofMatch, body };
}

export const isRejection = (row: RowIdentity | WriteRejection): row is WriteRejection => 'code' in row;

/** Types whose value in a query would mean something else than itself, or that no index holds as one value. */
const notComparable: ReadonlySet<number> = new Set([
  bsonType.array,
  bsonType.regex,
  bsonType.undefined,
  bsonType.dbPointer,
  bsonType.code,
  bsonType.codeWithScope,
]);

function identityAt(row: Buffer, index: number, fields: readonly string[]): Identity | WriteRejection {
  const elements: RawElement[] = [];
  for (const path of fields) {
    const element = elementAtPath(row, path);
    if (!element) return { index, code: 'MISSING_KEY', message: `The key field ${path} is missing.`, path };
    if (notComparable.has(element.type)) return keyType(index, path);
    elements.push(element);
  }
  return { text: comparableAll(elements), elements };
}

const keyType = (index: number, path: string): WriteRejection => ({
  index,
  code: 'KEY_TYPE',
  message: `${path} has a type that cannot identify a record.`,
  path,
});

function readingBson<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MalformedBson)) throw error;
    throw invalidChunk(error.message, error);
  }
}

const invalidChunk = (message: string, cause?: Error) =>
  new KeyportError('VALIDATION_FAILED', {}, { cause, errors: [{ path: 'documents', code: 'custom', message }] });
