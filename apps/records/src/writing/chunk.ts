import { KeyportError, type RequestOf, type WriteRejection, writeRecords } from '@keyport/contracts';
import {
  bsonType,
  comparable,
  comparableAll,
  documentStarts,
  elementAtPath,
  firstElement,
  MalformedBson,
  nameOf,
  rawPath,
  type RawElement,
  type RawPath,
} from '@keyport/mongo';

/** `maxWriteBatchSize` of MongoDB: statements a command. */
export const maxRows = 100_000;

/** Where each row of a chunk begins. Throws VALIDATION_FAILED where the documents are not what the request says. */
export function rowStarts({ documents, count }: Pick<RequestOf<typeof writeRecords>, 'documents' | 'count'>): number[] {
  const starts = readingBson(() => documentStarts(documents));
  if (starts.length !== count || count > maxRows) {
    throw invalidChunk(`holds ${starts.length} documents; count says ${count}, and ${maxRows} is the limit`);
  }
  return starts;
}

/** What identifies a row: the texts are equal where MongoDB takes the values for equal. */
export interface RowIdentity {
  readonly index: number;
  readonly document: Buffer;
  readonly idElement: RawElement;
  readonly id: string;
  /** Of the dataset's key; null where it has none. */
  readonly key: Identity | null;
  /** Of what an upsert matches on; null for an insert. */
  readonly match: Identity | null;
}

export interface Identity {
  readonly text: string;
  readonly elements: readonly RawElement[];
}

/** Fields that identify together, ready to be looked up. */
export interface IdentifyingFields {
  readonly names: readonly string[];
  readonly paths: readonly RawPath[];
}

export const identifyingFields = (names: readonly string[]): IdentifyingFields => ({
  names,
  paths: names.map(rawPath),
});

export interface Identifying {
  /** The dataset's key. */
  readonly key: IdentifyingFields | null;
  /** What an upsert matches on, the same object as `key` where it is that; null for an insert. */
  readonly match: IdentifyingFields | null;
}

/** Reads the identity of a row, or says why it has none. Throws VALIDATION_FAILED where `_id` does not come first. */
export function identify(document: Buffer, index: number, { key, match }: Identifying): RowIdentity | WriteRejection {
  const idElement = readingBson(() => firstElement(document));
  if (!idElement || nameOf(idElement) !== '_id') throw invalidChunk(`document ${index} does not begin with _id`);
  if (notComparable.has(idElement.type)) return keyType(index, '_id');
  const ofKey = key && readingBson(() => identityAt(document, index, key));
  if (ofKey && 'code' in ofKey) return ofKey;
  const ofMatch = match && (match === key ? ofKey : readingBson(() => identityAt(document, index, match)));
  if (ofMatch && 'code' in ofMatch) return ofMatch;
  return { index, document, idElement, id: comparable(idElement), key: ofKey, match: ofMatch };
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

function identityAt(row: Buffer, index: number, { names, paths }: IdentifyingFields): Identity | WriteRejection {
  const elements: RawElement[] = [];
  for (const [position, path] of paths.entries()) {
    const name = names[position] ?? '';
    const element = elementAtPath(row, path);
    if (!element) return { index, code: 'MISSING_KEY', message: `The key field ${name} is missing.`, path: name };
    if (notComparable.has(element.type)) return keyType(index, name);
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
