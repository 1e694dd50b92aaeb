import {
  createRowReader,
  FileError,
  splitDocuments,
  type Chunk,
  type RejectedRow,
  type RowReaderOptions,
} from '@keyport/codec';
import { KeyportError, type previewImport, type RequestOf } from '@keyport/contracts';
import { unpacked } from '../intake/decompression.ts';
import { fileFault } from '../parsing/file-fault.ts';

type Sent = Pick<RequestOf<typeof previewImport>, 'sample' | 'isWhole' | 'contentEncoding'>;

/** The beginning of a file as an import would read it. */
export interface Sample {
  /** Of rows that would be taken, with their numbers. */
  readonly documents: readonly { readonly row: number; readonly document: Uint8Array }[];
  readonly rejected: readonly RejectedRow[];
  readonly rows: number;
  /** Nothing of the file was left out. */
  readonly isWhole: boolean;
  /** Of CSV and TSV, as the file has it. */
  readonly header: readonly string[] | undefined;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** Why an import would end behind these rows. */
  readonly fault: KeyportError | undefined;
}

/** Of a sample, unpacked: several times what is sent, and read within a tenth of a second. */
export const maxDecodedBytes = 4 * 1024 * 1024;
export const maxRows = 10_000;

/**
 * Reads rows. Where the file is longer than the sample, the last row may be cut, and is left out; faults at the end are
 * then those of the sample. Throws what `unpacked` throws, EMPTY_FILE, and what a file without any row is refused for.
 */
export async function readSample(sent: Sent, options: RowReaderOptions, maxRatio: number): Promise<Sample> {
  const decoded = await decode(sent, maxRatio);
  const reader = createRowReader(options);
  reader.push(decoded.bytes);
  reader.end();
  const chunks: Chunk[] = [];
  let rows = 0;
  let error: unknown;
  try {
    for (let chunk = reader.read(); chunk && rows <= maxRows; chunk = reader.read()) {
      chunks.push(chunk);
      rows += chunk.rows;
    }
  } catch (thrown) {
    if (!(thrown instanceof FileError)) throw thrown;
    error = fileFault(thrown);
  }
  const fault = error instanceof KeyportError ? error : undefined;
  if (chunks.length === 0 && fault) throw fault;
  const isWhole = decoded.isWhole && rows <= maxRows;
  const last = chunks.at(-1)?.end;
  return {
    ...rowsOf(chunks, isWhole ? rows : Math.min(rows - 1, maxRows)),
    isWhole,
    header: last?.header,
    encoding: last?.encoding ?? 'utf-8',
    fault: isWhole ? fault : undefined,
  };
}

/** Those up to row number `until`. */
function rowsOf(chunks: readonly Chunk[], until: number) {
  const documents = chunks.flatMap(({ documents: bytes, rowNumbers }) =>
    splitDocuments(bytes).map((document, index) => ({ row: rowNumbers[index] ?? 0, document })),
  );
  return {
    rows: until,
    documents: documents.filter(({ row }) => row <= until),
    rejected: chunks.flatMap(({ rejected }) => rejected).filter(({ row }) => row <= until),
  };
}

async function decode({ sample, isWhole, contentEncoding }: Sent, maxRatio: number) {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const { bytes } of unpacked(once(sample), contentEncoding, maxRatio)) {
      pieces.push(bytes);
      length += bytes.length;
      if (length > maxDecodedBytes) break;
    }
  } catch (error) {
    // A compressed file that is cut off ends early; what came out of it is a sample all the same.
    const isCut = error instanceof KeyportError && error.code === 'DECOMPRESSION_FAILED' && !isWhole && length > 0;
    if (!isCut) throw error;
  }
  const bytes = Buffer.concat(pieces).subarray(0, maxDecodedBytes);
  return { bytes, isWhole: isWhole && length <= maxDecodedBytes };
}

async function* once(bytes: Uint8Array) {
  yield { bytes, offset: 0 };
}
