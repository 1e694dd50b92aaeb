export { createKnownRowReader, createRowReader, type KnownRowReader, type RowReader } from './rows/row-reader.ts';
export type { KnownRow } from './rows/known-row-framer.ts';
export type { Chunk } from './rows/chunk.ts';
export type { CsvOptions, RowFormat, RowPosition, RowReaderOptions } from './rows/row-options.ts';
export {
  FileError,
  type FileErrorCode,
  rowErrorCodes,
  type RawRow,
  type RejectedRow,
  type RowErrorCode,
  type RowProblem,
} from './rows/row-errors.ts';
export type { FieldTypes, StoredType } from './stored-types/stored-type.ts';
export { compileSchema, examineSchema, type RowSchema, SchemaError } from './schema/row-schema.ts';
export { schemaCheck, type SchemaCheck } from './schema/schema-check.ts';
export { namesId, recordCheck, type RecordCheck } from './schema/record-check.ts';
export { isoDateOf } from './stored-types/iso-date.ts';
export { fieldTypesOf } from './stored-types/schema-field-types.ts';
export { type BsonElement, countDocuments, elementOf, splitDocuments } from './bson/bson-walk.ts';
export { bsonToJsonElements, bsonToNdjson, type JsonTextOptions } from './text/bson-to-json.ts';
export { bsonToCsv, csvHeader, type CsvTextOptions, type CsvTextStyle } from './text/bson-to-csv.ts';
export { csvStyleFault } from './text/csv-style-fault.ts';
export { collectColumnTypes, headerTypeOf } from './text/column-types.ts';
export { columnNames, columnPath } from './csv/column-path.ts';
export { csvPieces } from './text/csv-pieces.ts';
export { jsonPieces, type PieceOptions } from './text/json-pieces.ts';
export { collectColumns } from './text/csv-columns.ts';
export {
  type ContentEncoding,
  contentEncodings,
  type DecompressionLimits,
  type Decompressor,
  decompressorFor,
  type UnpackedPiece,
  windowBytes,
} from './decompression/decompressor.ts';
export { DecompressionError, type DecompressionFault } from './decompression/decompression-error.ts';
export type { PackedPiece } from './decompression/packed-bytes.ts';
export { type TextFields, textFieldsOf } from './schema/json-form.ts';
export type { CsvTypes } from './csv/column.ts';
export { type InferenceOptions, inferSchema } from './infer/infer-schema.ts';
export { rowOptionsFault } from './rows/options-fault.ts';
export { storedFields, type StoredField } from './infer/stored-fields.ts';
export { describeColumns, type DescribedColumn } from './csv/described-columns.ts';
export { NotAnObject, objectMembers, type ValueRange } from './json/object-members.ts';
