import {
  bytes,
  datasetId,
  datasetName,
  exportFormat,
  extendedJson,
  fieldPath,
  type ExportFormat,
  type ExportSelection,
} from '@keyport/contracts';
import { BSON } from 'bson';
import { z } from 'zod';
import { maxColumns } from '../writing/columns.ts';

const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const columnList = z.array(z.string()).max(maxColumns);

const common = {
  v: z.literal(1),
  dataset: datasetName,
  /** Of the dataset that the first page came from, so that none comes from another; absent before that. */
  datasetId: datasetId.optional(),
  format: exportFormat,
  ejson: extendedJson,
  fields: z.array(fieldPath).min(1).max(1000).optional(),
  /** Where the scan goes on; from the start where absent. */
  scan: bytes.optional(),
  /** Documents that this pass may still read. */
  left: count.optional(),
};

/**
 * How far a dataset was read, and all that is needed to go on: any process can. Columns that nobody named are collected
 * by a first pass over the dataset (`columns`), before the pass that writes (`rows`).
 */
export const position = z.discriminatedUnion('pass', [
  z.strictObject({
    ...common,
    pass: z.literal('columns'),
    columns: columnList,
    /** Documents that the pass after this one may read. */
    limit: count.optional(),
  }),
  z.strictObject({ ...common, pass: z.literal('rows'), columns: columnList.optional(), hasWritten: z.boolean() }),
]);
export type Position = z.output<typeof position>;
export type RowsPosition = Extract<Position, { pass: 'rows' }>;
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
  { format, ejson, fields, limit }: ExportSelection,
  schemaColumns: readonly string[] | undefined,
): Position {
  const { dataset, datasetId } = source;
  const start = {
    v: 1 as const,
    dataset,
    ...(datasetId && { datasetId }),
    format,
    ejson,
    ...(fields && { fields }),
    ...(limit && { left: limit }),
  };
  if (!isTable(format)) return { ...start, pass: 'rows', hasWritten: false };
  const columns = fields ?? schemaColumns;
  if (columns) return { ...start, pass: 'rows', columns: [...columns], hasWritten: false };
  return { ...start, pass: 'columns', columns: [], ...(limit && { limit }) };
}

export interface ScannedPage {
  readonly datasetId: string;
  readonly count: number;
  readonly next?: Uint8Array | undefined;
}

/** Where reading goes on after a page of the writing pass; undefined where that page was the last. */
export function afterRows(at: RowsPosition, page: ScannedPage): RowsPosition | undefined {
  const rest = restOf(at.left, page);
  return rest && { ...at, ...rest, hasWritten: at.hasWritten || page.count > 0 };
}

/** Where reading goes on after a page of the collecting pass: with the next page, or with writing from the start. */
export function afterColumns(at: ColumnsPosition, page: ScannedPage, columns: readonly string[]): Position {
  const rest = restOf(at.left, page);
  if (rest) return { ...at, ...rest, columns: [...columns] };
  const { v, dataset, format, ejson, limit } = at;
  const start = { v, dataset, datasetId: page.datasetId, format, ejson, ...(limit && { left: limit }) };
  return { ...start, pass: 'rows', columns: [...columns], hasWritten: false };
}

function restOf(left: number | undefined, { datasetId, count: read, next: scan }: ScannedPage) {
  if (scan === undefined) return undefined;
  if (left === undefined) return { datasetId, scan };
  return left > read ? { datasetId, scan, left: left - read } : undefined;
}

export const encodePosition = (at: Position): Uint8Array => BSON.serialize(at, { ignoreUndefined: true });

/** Inverse of {@link encodePosition}; throws on anything else. */
export const decodePosition = (encoded: Uint8Array): Position =>
  position.parse(BSON.deserialize(encoded, { promoteBuffers: true }));
