import { deserialize, type Document } from 'bson';
import {
  type Chunk,
  createRowReader,
  FileError,
  type RejectedRow,
  type RowPosition,
  type RowReaderOptions,
  splitDocuments,
} from '../index.ts';

export const idPrefix = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

export type Options = Partial<RowReaderOptions>;

export interface ReadResult {
  chunks: Chunk[];
  documents: Document[];
  rejected: RejectedRow[];
  fault: FileError | undefined;
}

/** Reads a whole file. `cuts` are the sizes of the pieces it is pushed in, repeated as long as needed. */
export function readChunks(text: string | Uint8Array, options: Options = {}, cuts: number[] = [], from?: RowPosition) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const reader = createRowReader({ format: 'ndjson', idPrefix, ...options }, from);
  const chunks: Chunk[] = [];
  const drain = () => {
    for (let chunk = reader.read(); chunk; chunk = reader.read()) chunks.push(chunk);
  };
  try {
    let at = from?.offset ?? 0;
    for (let i = 0; at < bytes.length; i++) {
      const size = cuts.length === 0 ? bytes.length : cuts[i % cuts.length]!;
      reader.push(bytes.subarray(at, at + size));
      at += size;
      drain();
    }
    reader.end();
    drain();
    return { chunks, fault: undefined };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { chunks, fault: error };
  }
}

export function read(text: string | Uint8Array, options: Options = {}, cuts: number[] = []): ReadResult {
  const { chunks, fault } = readChunks(text, options, cuts);
  const documents = chunks.flatMap(({ documents }) => splitDocuments(documents).map(decode));
  return { chunks, documents, rejected: chunks.flatMap(({ rejected }) => rejected), fault };
}

/** Documents without the `_id` that the reader makes. */
export function readValues(text: string | Uint8Array, options: Options = {}): Document[] {
  return read(text, options).documents.map(({ _id, ...fields }) => fields);
}

export function decode(bytes: Uint8Array): Document {
  return deserialize(bytes, { promoteValues: false, promoteLongs: false, bsonRegExp: true });
}

/** The one row's document as bytes; fails where it was refused. */
export function documentOf(row: string | Uint8Array, options: Options = {}): Uint8Array {
  const { chunks, rejected } = read(row, options);
  if (rejected[0]) throw new Error(`${rejected[0].code}: ${rejected[0].message}`);
  return chunks[0]!.documents;
}

export function codesOf(text: string | Uint8Array, options: Options = {}): string[] {
  return read(text, options).rejected.map(({ code }) => code);
}
