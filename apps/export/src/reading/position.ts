import {
  bytes,
  csvExportOptions,
  datasetId,
  datasetName,
  exportCompression,
  exportFormat,
  extendedJson,
  fieldPath,
  filterText,
  sortKeys,
  afterText,
  sinceCursor,
  type ExportFormat,
  type ExportSelection,
} from '@keyport/contracts';
import { columnPath } from '@keyport/codec';
import { BSON } from 'bson';
import { z } from 'zod';
import { maxColumns } from '../writing/columns.ts';
import { columnsOfIncrement } from './increment.ts';

/** Whether reading goes on within a document that no message carries. */
export const isLargePosition = (at: Position): at is LargePosition =>
  at.pass === 'rows' && at.large !== undefined && at.datasetId !== undefined;

const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const columnList = z.array(z.string()).max(maxColumns);
/** By column, as `collectColumnTypes` counts them; there where types are asked for. */
const columnTypes = z.array(z.number().int()).max(maxColumns).optional();

const common = {
  v: z.literal(1),
  dataset: datasetName,
  /** Of the dataset that the first page came from, so that none comes from another; absent before that. */
  datasetId: datasetId.optional(),
  format: exportFormat,
  ejson: extendedJson,
  compression: exportCompression.optional(),
  csv: csvExportOptions.optional(),
  fields: z.array(fieldPath).min(1).max(1000).optional(),
  /** Set where only what changed since is read, not the whole dataset. */
  since: sinceCursor.optional(),
  /** As asked for; once a page was read, as that understood it (`isTyped`). */
  filter: filterText.optional(),
  isTyped: z.boolean().optional(),
  sort: sortKeys.optional(),
  /** Where each pass begins; at the first record where absent. */
  after: afterText.optional(),
  /** Where the scan goes on; from the start of the pass where absent. */
  scan: bytes.optional(),
  /** Documents that this pass may still read. */
  left: count.optional(),
  /** The one state that all pages are read from: `new` until the first page has named it. */
  snapshot: z.union([z.literal('new'), bytes]).optional(),
};

/**
 * How far a dataset was read, and all that is needed to go on: any process can. Columns that nobody named, and types of
 * columns, are collected by a first pass over the dataset (`columns`), before the pass that writes (`rows`).
 */
export const position = z.discriminatedUnion('pass', [
  z.strictObject({
    ...common,
    pass: z.literal('columns'),
    columns: columnList,
    columnTypes,
    /** The columns are named, only their types are not. */
    areNamed: z.literal(true).optional(),
    /** Documents that the pass after this one may read. */
    limit: count.optional(),
  }),
  z.strictObject({
    ...common,
    pass: z.literal('rows'),
    columns: columnList.optional(),
    columnTypes,
    hasWritten: z.boolean(),
    /** A document that no message carries, which the text goes on in; the scan goes on behind it, where it does. */
    large: z.strictObject({ name: bytes, offset: z.number().int().min(0) }).optional(),
  }),
]);
export type Position = z.output<typeof position>;
export type RowsPosition = Extract<Position, { pass: 'rows' }>;
/** Within the text of a document that no message carries. */
export type LargePosition = RowsPosition & {
  readonly datasetId: string;
  readonly large: { name: Uint8Array; offset: number };
};
export type ColumnsPosition = Extract<Position, { pass: 'columns' }>;

export const isTable = (format: ExportFormat) => format === 'csv' || format === 'tsv';

/** What to read: whichever dataset has the name now, or only the one with the id. */
export interface Source {
  readonly dataset: string;
  readonly datasetId?: string | undefined;
}

/** Where reading begins. `schemaColumns` are those of the dataset's schema, where it has one. */
export function firstPosition(
  source: Source,
  { format, ejson, fields, limit, compression, types, csv, filter, sort, after, snapshot, since }: ExportSelection,
  schemaColumns: readonly string[] | undefined,
): Position {
  const { dataset, datasetId } = source;
  const start = {
    v: 1 as const,
    dataset,
    ...(datasetId && { datasetId }),
    format,
    ejson,
    ...(compression && { compression }),
    ...(csv && { csv }),
    ...(fields && { fields }),
    ...(limit && { left: limit }),
    ...(filter !== undefined && { filter }),
    ...(sort && { sort }),
    ...(after !== undefined && { after }),
    ...(snapshot && { snapshot: 'new' as const }),
    ...(since && { since }),
  };
  if (!isTable(format)) return { ...start, pass: 'rows', hasWritten: false };
  const named = fields?.map((path) => columnPath(path.split('.'))) ?? schemaColumns;
  const columns = since ? named && columnsOfIncrement(named) : named;
  if (columns && !types) return { ...start, pass: 'rows', columns: [...columns], hasWritten: false };
  const collecting = {
    ...{ pass: 'columns' as const, columns: [...(columns ?? [])] },
    ...(types && { columnTypes: [] }),
    ...(columns && { areNamed: true as const }),
  };
  return { ...start, ...collecting, ...(limit && { limit }) };
}

export interface ScannedPage {
  readonly datasetId: string;
  readonly count: number;
  readonly next?: Uint8Array | undefined;
  /** With all types written out. */
  readonly filter?: string | undefined;
  readonly snapshot?: Uint8Array | undefined;
  /** Names the one document of the page, where no message carries it. */
  readonly large?: Uint8Array | undefined;
}

/** Where reading goes on after a page of the writing pass; undefined where that page was the last. */
export function afterRows(at: RowsPosition, page: ScannedPage): RowsPosition | undefined {
  const rest = restOf(at.left, page);
  if (!rest || at.hasWritten || page.count === 0) return rest && { ...at, ...rest };
  // The header is written.
  return { ...without(at, ['columnTypes']), ...rest, hasWritten: true };
}

/** Where reading goes on after a page of one document that no message carries: within its text. */
export function beforeLarge(at: RowsPosition, page: ScannedPage & { readonly large: Uint8Array }): LargePosition {
  const { datasetId, next: scan, large: name } = page;
  return { ...at, datasetId, scan, ...understood(page), ...stateOf(page), large: { name, offset: 0 } };
}

/** Within one document alone, as relaxed Extended JSON. */
export const ofOneDocument = (dataset: string, datasetId: string, name: Uint8Array): LargePosition => ({
  ...{ v: 1, dataset, datasetId, format: 'ndjson', ejson: 'relaxed' },
  ...{ pass: 'rows', hasWritten: false, large: { name, offset: 0 } },
});

/** Where it goes on behind that document; undefined where it was the last. */
export function afterLarge(at: LargePosition): RowsPosition | undefined {
  return afterRows(without(at, ['large']), { datasetId: at.datasetId, count: 1, next: at.scan });
}

/** Where reading goes on after a page of the collecting pass: with the next page, or with writing from the start. */
export function afterColumns(at: ColumnsPosition, page: ScannedPage, found: FoundColumns): Position {
  const rest = restOf(at.left, page);
  if (rest) return { ...at, ...rest, ...found };
  const start = without(at, ['scan', 'left', 'areNamed', 'limit']);
  const known = at.since ? { ...found, columns: columnsOfIncrement(found.columns) } : found;
  const { datasetId } = page;
  return {
    ...start,
    ...understood(page),
    ...stateOf(page),
    datasetId,
    ...(at.limit && { left: at.limit }),
    pass: 'rows',
    ...known,
    hasWritten: false,
  };
}

/** What the collecting pass knows so far. */
export type FoundColumns = Pick<ColumnsPosition, 'columns' | 'columnTypes'>;

function without<At extends object, Name extends keyof At>(at: At, names: readonly Name[]): Omit<At, Name> {
  const kept = Object.entries(at).filter(([name]) => !names.includes(name as Name));
  return Object.fromEntries(kept) as Omit<At, Name>;
}

function restOf(left: number | undefined, page: ScannedPage) {
  const { datasetId, count: read, next: scan } = page;
  if (scan === undefined) return undefined;
  const rest = { datasetId, scan, ...understood(page), ...stateOf(page) };
  if (left === undefined) return rest;
  return left > read ? { ...rest, left: left - read } : undefined;
}

const understood = ({ filter }: ScannedPage) => (filter === undefined ? {} : { filter, isTyped: true });
const stateOf = ({ snapshot }: ScannedPage) => snapshot && { snapshot };

export const encodePosition = (at: Position): Uint8Array => BSON.serialize(at, { ignoreUndefined: true });

/** Inverse of {@link encodePosition}; throws on anything else. */
export const decodePosition = (encoded: Uint8Array): Position =>
  position.parse(BSON.deserialize(encoded, { promoteBuffers: true }));
