import type { ByteSink } from '../bson/byte-sink.ts';
import { csvDialect } from '../csv/csv-dialect.ts';
import { CsvToBson } from '../csv/csv-to-bson.ts';
import { plainDocument } from '../csv/plain-document.ts';
import { JsonToBson } from '../json/json-to-bson.ts';
import { plainValues } from '../json/plain-values.ts';
import type { TextFields } from '../schema/json-form.ts';
import { typeTree } from '../stored-types/stored-type.ts';
import { CsvFramer } from './csv-framer.ts';
import { JsonArrayFramer } from './json-array-framer.ts';
import { KnownRowFramer, type KnownRows } from './known-row-framer.ts';
import { NdjsonFramer } from './ndjson-framer.ts';
import type { RowProblem } from './row-errors.ts';
import type { RowFramer } from './row-framer.ts';
import type { RowLimits, RowPosition, RowReaderOptions } from './row-options.ts';
import type { SourceWindow } from './source-window.ts';

const none: TextFields = new Set();

/** What the reader needs of a format. Positions are indices in the window's bytes. */
export interface RowSource {
  readonly framer: RowFramer;
  /** Appends the document of the row found last to the sink. */
  encode(bytes: Buffer, start: number, end: number, row: number): RowProblem | undefined;
  /** Whether the document encoded last brought its own `_id`. */
  hasOwnId(): boolean;
  /** The same row as a plain value; its document lies in the sink from `documentAt` on. */
  plainRow(bytes: Buffer, start: number, end: number, documentAt: number): unknown;
}

/** @param known the rows, where they need not be found in the text */
export function createRowSource(
  options: RowReaderOptions,
  limits: RowLimits,
  window: SourceWindow,
  sink: ByteSink,
  from: RowPosition,
  known?: KnownRows,
): RowSource {
  switch (options.format) {
    case 'ndjson':
    case 'json':
      return jsonSource(jsonFramer(options, limits, window, from, known), options, limits, window, sink);
    case 'csv':
    case 'tsv':
      return csvSource(options, limits, window, sink, from, known);
    default:
      throw new RangeError(`unknown row format ${String(options.format)}`);
  }
}

function jsonFramer(
  { format }: RowReaderOptions,
  { maxRowBytes }: RowLimits,
  window: SourceWindow,
  from: RowPosition,
  known: KnownRows | undefined,
): RowFramer {
  if (known) return new KnownRowFramer(window, known, from);
  return format === 'json' ? new JsonArrayFramer(window, maxRowBytes, from) : new NdjsonFramer(window, from);
}

function jsonSource(
  framer: RowFramer,
  options: RowReaderOptions,
  limits: RowLimits,
  { encoding }: SourceWindow,
  sink: ByteSink,
): RowSource {
  const encoder = new JsonToBson(sink, {
    idPrefix: options.idPrefix,
    types: typeTree(options.fieldTypes),
    wrappers: options.ejson !== 'off',
    exact: options.ejson === 'canonical',
    encoding,
    maxDepth: limits.maxDepth,
    maxFields: limits.maxColumns,
    rowIsLine: options.format === 'ndjson',
  });
  return {
    framer,
    encode: (bytes, start, end, row) => encoder.encode(bytes, start, end, row),
    hasOwnId: () => encoder.id.own,
    plainRow: (bytes, start, end) => {
      const row = JSON.parse(bytes.toString('utf8', start, end)) as unknown;
      return encoder.hasWrappers ? plainValues(row, options.textFields ?? none) : row;
    },
  };
}

function csvSource(
  options: RowReaderOptions,
  limits: RowLimits,
  window: SourceWindow,
  sink: ByteSink,
  from: RowPosition,
  known: KnownRows | undefined,
): RowSource {
  const dialect = csvDialect(options.format === 'tsv', options.csv, options.types);
  const framer = new CsvFramer(window, dialect, typeTree(options.fieldTypes), limits, from);
  const encoder = new CsvToBson(sink, framer.cells, {
    idPrefix: options.idPrefix,
    dialect,
    encoding: window.encoding,
  });
  return {
    framer: known ? new KnownRowFramer(window, known, from, framer) : framer,
    encode: (bytes, start, end, row) => encoder.encode(bytes, start, end, row, framer.columns),
    hasOwnId: () => encoder.id.own,
    plainRow: (_bytes, _start, _end, documentAt) =>
      plainDocument(sink.bytes.subarray(documentAt, sink.length), encoder.id.own, options.textFields),
  };
}
