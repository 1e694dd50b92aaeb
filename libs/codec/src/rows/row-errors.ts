/** Every reason for which a row is refused, those that only the writer can find included. Documentation is made of it. */
export const rowErrorCodes = [
  { code: 'MALFORMED_JSON', meaning: 'The row is not JSON after RFC 8259.' },
  { code: 'NOT_AN_OBJECT', meaning: 'The row is JSON, but not an object.' },
  { code: 'INVALID_UTF8', meaning: 'The row holds bytes that are not UTF-8; the message names the first of them.' },
  { code: 'INVALID_UTF16', meaning: 'The row of a UTF-16 file holds half a character; the message says where.' },
  { code: 'LONE_SURROGATE', meaning: 'A \\u escape names half a character, which UTF-8 cannot hold.' },
  { code: 'ROW_TOO_LARGE', meaning: 'The row, or the document made of it, is larger than allowed.' },
  { code: 'NESTED_TOO_DEEP', meaning: 'Objects and arrays are nested deeper than allowed.' },
  { code: 'TOO_MANY_COLUMNS', meaning: 'An object or a CSV row has more fields than allowed.' },
  { code: 'RAGGED_ROW', meaning: 'The CSV row has more or fewer cells than the header.' },
  { code: 'MALFORMED_CSV', meaning: 'The quotes of the CSV row are not those of RFC 4180.' },
  { code: 'TYPE_MISMATCH', meaning: "A value cannot be stored as the type that the dataset's schema asks for." },
  { code: 'NUMBER_OUT_OF_RANGE', meaning: 'A number fits no stored type without being rounded.' },
  { code: 'INVALID_FIELD_NAME', meaning: 'A field name begins with $, or holds a dot or a NUL.' },
  { code: 'DUPLICATE_FIELD', meaning: 'An object has the same field name twice.' },
  { code: 'INVALID_EXTENDED_JSON', meaning: 'A wrapper such as {"$oid": …} is not one of Extended JSON v2.' },
  { code: 'INVALID_ID', meaning: 'MongoDB takes no array, regular expression or undefined as _id.' },
  { code: 'SCHEMA_VIOLATION', meaning: "The row does not match the dataset's schema." },
  { code: 'MISSING_KEY', meaning: 'The row lacks a field of the key.' },
  { code: 'KEY_TYPE', meaning: 'A field of the key holds an array, a regular expression or undefined.' },
  { code: 'DUPLICATE_KEY', meaning: 'A record with the same key or another unique value exists already.' },
  { code: 'ROW_NOT_ALLOWED', meaning: "The token's authorization details do not let it write this row." },
  { code: 'FIELD_NOT_ALLOWED', meaning: "The token's authorization details do not let it write this field." },
  { code: 'STORE_REFUSED', meaning: 'MongoDB refused the document; the message is its own.' },
] as const;

export type RowErrorCode = (typeof rowErrorCodes)[number]['code'];

export interface RowProblem {
  code: RowErrorCode;
  message: string;
  /** Dotted path of the field, where one is to blame. */
  path?: string;
  /** The text of the value to blame, cut. */
  value?: string;
}

/** The text of a refused row. */
export interface RawRow {
  /** Cut to `maxRawBytes`; bytes that are no characters are U+FFFD. */
  raw: string;
  /** `raw` is the row as it was sent: neither cut nor with bytes that are no characters. */
  rawComplete: boolean;
}

export interface RejectedRow extends RowProblem, RawRow {
  /** 1-based; blank lines and a CSV header are no rows. */
  row: number;
  /** 1-based line on which the row begins. */
  line: number;
  /** Where the row begins in the file (decompressed), BOM included. */
  byteOffset: number;
}

export type FileErrorCode =
  'EMPTY_FILE' | 'NOT_AN_ARRAY' | 'TRUNCATED_ARRAY' | 'TRAILING_DATA' | 'BAD_HEADER' | 'HEADER_TOO_LARGE';

/** The file as a whole cannot be read on; the rows before the fault have been given out. */
export class FileError extends Error {
  override readonly name = 'FileError';

  constructor(
    readonly code: FileErrorCode,
    message: string,
    /** Byte offset in the file (decompressed). */
    readonly offset: number,
    readonly line: number,
  ) {
    super(message);
  }
}

/**
 * Thrown to leave the depths of a row that is refused; what is wrong stands beside it. One object for all, since
 * capturing a stack for each of a million bad rows would cost more than reading them.
 */
export const rowFault = new Error('row refused');
