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

/**
 * A row of a chunk and what identifies it: the texts are equal where MongoDB takes the values for equal. A thousand of
 * them live through every transaction, so they hold positions, not views and parsed elements (measured: 130 MB less).
 */
export interface ChunkRow {
  readonly index: number;
  /** All of the chunk; the row's document is from `start` to `end`. */
  readonly bytes: Buffer;
  readonly start: number;
  /** Where the elements behind `_id`, its body, begin; they end before the last byte. */
  readonly bodyStart: number;
  readonly end: number;
  readonly id: string;
  /** Of the dataset's key; null where it has none. */
  readonly key: string | null;
  /** Of what a row matches on; null for an insert. */
  readonly match: string | null;
  /** Why the row alone cannot be a record; only where it may lack the key. */
  readonly keyFault: WriteRejection | undefined;
}

export const documentOf = ({ bytes, start, end }: ChunkRow): Buffer => bytes.subarray(start, end);

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
  /** What a row matches on, the same object as `key` where it is that; null for an insert. */
  readonly match: IdentifyingFields | null;
  /** True where a row may lack the key, since the record that it matches has one. */
  readonly mayLackKey?: boolean;
}

/** Reads the row that begins at `start`, or says why it has no identity. Throws VALIDATION_FAILED where it is no row. */
export function readRow(
  bytes: Buffer,
  start: number,
  index: number,
  { key, match, mayLackKey = false }: Identifying,
): ChunkRow | WriteRejection {
  const id = readingBson(() => firstElement(bytes, start));
  if (!id || nameOf(id) !== '_id') throw invalidChunk(`document ${index} does not begin with _id`);
  if (notComparable.has(id.type)) return keyType(index, '_id');
  const ofKey = key && readingBson(() => identityAt(bytes, start, index, key));
  const keyFault = typeof ofKey === 'object' && ofKey ? ofKey : undefined;
  if (keyFault && !mayLackKey) return keyFault;
  const ofMatch = match && (match === key ? ofKey : readingBson(() => identityAt(bytes, start, index, match)));
  if (typeof ofMatch === 'object' && ofMatch) return ofMatch;
  const end = start + bytes.readInt32LE(start);
  const keyText = typeof ofKey === 'string' ? ofKey : null;
  return { index, bytes, start, bodyStart: id.end, end, id: comparable(id), key: keyText, match: ofMatch, keyFault };
}

export const isRejection = (row: ChunkRow | WriteRejection): row is WriteRejection => 'code' in row;

/** Types whose value in a query would mean something else than itself, or that no index holds as one value. */
const notComparable: ReadonlySet<number> = new Set([
  bsonType.array,
  bsonType.regex,
  bsonType.undefined,
  // The driver makes another type of it.
  bsonType.dbPointer,
]);

function identityAt(
  bytes: Buffer,
  start: number,
  index: number,
  { names, paths }: IdentifyingFields,
): string | WriteRejection {
  const elements: RawElement[] = [];
  for (const [position, path] of paths.entries()) {
    const name = names[position] ?? '';
    const element = elementAtPath(bytes, path, start);
    if (!element) return { index, code: 'MISSING_KEY', message: `The key field ${name} is missing.`, path: name };
    if (notComparable.has(element.type)) return keyType(index, name);
    elements.push(element);
  }
  return comparableAll(elements);
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
