import type { CsvTypes } from '../csv/column.ts';
import type { Utf16 } from '../encodings/utf16-transcoder.ts';
import type { TextFields } from '../schema/json-form.ts';
import type { FieldTypes } from '../stored-types/stored-type.ts';
import type { RowProblem } from './row-errors.ts';

export type RowFormat = 'ndjson' | 'json' | 'csv' | 'tsv';

export interface CsvOptions {
  /** One ASCII character; default comma, tab for TSV. */
  delimiter?: string;
  /** One ASCII character, or empty where quotes mean nothing; default the double quote. */
  quote?: string;
  /** False where the first row is data already; then `columns` names them. Default true. */
  header?: boolean;
  /** Names of the columns, instead of the header's; with `types: 'header'` each with its type. */
  columns?: string[];
  /** Names of columns, as the header has them, whose cells are passed over. Each must be there. */
  ignore?: string[];
  /** An unquoted cell with this text is null. */
  nullText?: string;
  /** An unquoted empty cell; default absent where the column has a type other than text, else the empty string. */
  emptyAs?: 'null' | 'absent' | 'string';
  /** Takes the apostrophe away that an export put before what a spreadsheet would take for a formula. */
  formulas?: 'unescape';
}

export interface RowReaderOptions {
  format: RowFormat;
  /** 8 bytes. A row without `_id` gets an ObjectId of these and its row number (uint32, big-endian). */
  idPrefix: Uint8Array;
  fieldTypes?: FieldTypes;
  /** CSV only: types of columns that `fieldTypes` does not name. Default string. */
  types?: CsvTypes;
  /**
   * Sees each row as a plain value: JSON as it stands, but Extended JSON wrappers as what they would be in plain JSON (a
   * date as RFC 3339 text, numbers as numbers, an ObjectId in hexadecimal, binary data in base64), CSV after conversion.
   */
  validate?: (row: unknown) => RowProblem | undefined;
  /** Fields whose Long or Decimal128 `validate` wants as text; of CSV, without this, a Decimal128 always. */
  textFields?: TextFields;
  /**
   * Whether type wrappers are recognised: relaxed and canonical ones alike. `canonical` also takes any name that BSON
   * holds, and `$document`. Default relaxed.
   */
  ejson?: 'relaxed' | 'canonical' | 'off';
  /** Fields that every row must have; their values come out as `Chunk.keys`. */
  keyFields?: readonly string[];
  /** Refuses rows without an `_id` of their own, which else get one. Default false. */
  needsId?: boolean;
  csv?: CsvOptions;
  /** Default 4 MiB. A longer row is refused and passed over without being held. */
  maxRowBytes?: number;
  /** Default 16 MiB, MongoDB's own limit for a document. */
  maxDocumentBytes?: number;
  /** Default 100, which every MongoDB server and driver takes. */
  maxDepth?: number;
  /** Default 10,000: of an object's fields and of a CSV file's columns. */
  maxColumns?: number;
  /** Default 1000. */
  maxChunkRows?: number;
  /** Default 1 MiB of source bytes; a chunk of one row may be larger. */
  maxChunkBytes?: number;
  /** Default 4 MiB of BSON, so that a chunk fits a message of 8 MiB; a chunk of one row may be larger. */
  maxChunkDocumentBytes?: number;
  /** Default 1024: how much of a refused row's text is kept. */
  maxRawBytes?: number;
}

/** Where reading can go on. JSON-serialisable; the bytes before `offset` are done with. */
export interface RowPosition {
  /** Number of the chunk that begins here. */
  chunk: number;
  /** In the file (decompressed), BOM included. */
  offset: number;
  /** Rows before this place. */
  row: number;
  /** 1-based number of the line that this place is on. */
  line: number;
  /** Not given for UTF-8. */
  encoding?: Utf16;
  header?: string[];
  state?: string;
}

const mebibyte = 1024 * 1024;

export const defaults = {
  maxRowBytes: 4 * mebibyte,
  maxDocumentBytes: 16 * mebibyte,
  maxDepth: 100,
  maxColumns: 10_000,
  maxChunkRows: 1000,
  maxChunkBytes: mebibyte,
  maxChunkDocumentBytes: 4 * mebibyte,
  maxRawBytes: 1024,
};

export type RowLimits = typeof defaults;

export function limitsOf(options: Partial<RowLimits>): RowLimits {
  const limits = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof RowLimits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`);
    limits[name] = value;
  }
  return limits;
}
