import { describe, expect, it } from '@jest/globals';
import {
  afterColumns,
  afterLarge,
  afterRows,
  beforeLarge,
  decodePosition,
  encodePosition,
  firstPosition,
  isLargePosition,
  type ColumnsPosition,
  type RowsPosition,
} from './position.ts';

const orders = { dataset: 'orders' };
const datasetId = 'd'.repeat(24);
const next = Buffer.from('next');
const csv = { format: 'csv', ejson: 'relaxed' } as const;
const ndjson = { format: 'ndjson', ejson: 'canonical' } as const;

describe('reading a dataset', () => {
  it('begins with writing where the format has no columns', () => {
    expect(firstPosition(orders, ndjson, ['a'])).toEqual({
      ...{ v: 1, dataset: 'orders', format: 'ndjson', ejson: 'canonical', pass: 'rows', hasWritten: false },
    });
  });

  it('takes the columns that were asked for before those of the schema', () => {
    const at = firstPosition(orders, { ...csv, fields: ['b'] }, ['a', 'b']);

    expect(at).toMatchObject({ pass: 'rows', columns: ['b'], fields: ['b'] });
  });

  it('takes the columns of the schema without limiting what is read', () => {
    const at = firstPosition(orders, csv, ['a', 'b']);

    expect(at).toMatchObject({ pass: 'rows', columns: ['a', 'b'] });
    expect(at.fields).toBeUndefined();
  });

  it('collects the columns first where nobody names them', () => {
    expect(firstPosition(orders, csv, undefined)).toMatchObject({ pass: 'columns', columns: [] });
  });

  it('reads the same documents in both passes', () => {
    const first = firstPosition(orders, { ...csv, limit: 5 }, undefined) as ColumnsPosition;

    const second = afterColumns(first, { datasetId, count: 3, next }, { columns: ['_id'] }) as ColumnsPosition;
    const rows = afterColumns(second, { datasetId, count: 2, next }, { columns: ['_id', 'a'] });

    expect(second).toMatchObject({ pass: 'columns', left: 2, scan: next });
    expect(rows).toMatchObject({ pass: 'rows', left: 5, columns: ['_id', 'a'], hasWritten: false });
    expect(rows.scan).toBeUndefined();
    expect(rows).not.toHaveProperty('limit');
  });

  it('collects the types of columns first, also of named ones, until the header is written', () => {
    const named = firstPosition(orders, { ...csv, types: 'header', fields: ['a\\.b'] }, undefined) as ColumnsPosition;
    const rows = afterColumns(named, { datasetId, count: 1 }, { columns: named.columns, columnTypes: [2] });
    const second = afterRows(rows as RowsPosition, { datasetId, count: 1, next });

    expect(named).toMatchObject({ pass: 'columns', columns: ['a\\\\.b'], columnTypes: [], areNamed: true });
    expect(rows).toEqual({
      ...{ v: 1, dataset: 'orders', datasetId, format: 'csv', ejson: 'relaxed', fields: ['a\\.b'] },
      ...{ pass: 'rows', columns: ['a\\\\.b'], columnTypes: [2], hasWritten: false },
    });
    expect(second).not.toHaveProperty('columnTypes');
    expect(decodePosition(encodePosition(named))).toEqual(named);
  });

  it('knows with every page how the text is to be written', () => {
    const asked = { ...csv, compression: 'zstd', csv: { bom: true, nullText: 'NULL' } } as const;
    const first = firstPosition(orders, asked, undefined) as ColumnsPosition;
    const rows = afterColumns(first, { datasetId, count: 1 }, { columns: ['a'] }) as RowsPosition;

    for (const at of [first, rows, afterRows(rows, { datasetId, count: 1, next })])
      expect(at).toMatchObject({ compression: 'zstd', csv: { bom: true, nullText: 'NULL' } });
  });

  it('ends when the limit is reached, whether or not more is there', () => {
    const at = firstPosition(orders, { ...ndjson, limit: 3 }, undefined) as RowsPosition;

    expect(afterRows(at, { datasetId, count: 2, next })).toMatchObject({ left: 1, hasWritten: true });
    expect(afterRows(at, { datasetId, count: 3, next })).toBeUndefined();
  });

  it('stays with the dataset of the first page, in both passes', () => {
    const first = firstPosition(orders, csv, undefined) as ColumnsPosition;
    const rows = afterColumns(first, { datasetId, count: 1 }, { columns: ['_id'] }) as RowsPosition;

    expect(first.datasetId).toBeUndefined();
    expect(afterColumns(first, { datasetId, count: 1, next }, { columns: ['_id'] })).toMatchObject({ datasetId });
    expect(rows).toMatchObject({ pass: 'rows', datasetId });
    expect(afterRows(rows, { datasetId, count: 1, next })).toMatchObject({ datasetId });
  });

  it('ends with the last page', () => {
    const at = firstPosition(orders, ndjson, undefined) as RowsPosition;

    expect(afterRows(at, { datasetId, count: 0 })).toBeUndefined();
  });

  it('still has to begin the file after a page without documents', () => {
    const at = firstPosition(orders, ndjson, undefined) as RowsPosition;

    expect(afterRows(at, { datasetId, count: 0, next })).toMatchObject({ hasWritten: false });
  });

  it('goes on anywhere from the bytes of a position', () => {
    const at = afterRows(firstPosition(orders, csv, ['a']) as RowsPosition, {
      datasetId,
      count: 1,
      next,
    }) as RowsPosition;

    expect(decodePosition(encodePosition(at))).toEqual(at);
  });
});

describe('reading one state', () => {
  const snapshot = Buffer.from('state');

  it('asks for a new one first, and for the one that the first page named from there on', () => {
    const at = firstPosition(orders, { ...ndjson, snapshot: true }, undefined) as RowsPosition;

    expect(at.snapshot).toBe('new');
    expect(afterRows(at, { datasetId, count: 1, next, snapshot })?.snapshot).toBe(snapshot);
  });

  it('takes the columns and the rows from the same one', () => {
    const at = firstPosition(orders, { ...csv, snapshot: true }, undefined) as ColumnsPosition;

    expect(afterColumns(at, { datasetId, count: 1, next, snapshot }, { columns: ['a'] }).snapshot).toBe(snapshot);
    expect(afterColumns(at, { datasetId, count: 1, snapshot }, { columns: ['a'] })).toMatchObject({
      pass: 'rows',
      snapshot,
    });
  });
});

describe('reading a document that no message carries', () => {
  const large = Buffer.from('name');
  const at = firstPosition(orders, { ...ndjson, limit: 2 }, undefined) as RowsPosition;

  it('goes on within its text, and then with the page behind it', () => {
    const within = beforeLarge(at, { datasetId, count: 0, next, large });
    const decoded = decodePosition(encodePosition(within));

    expect(isLargePosition(decoded)).toBe(true);
    expect(decoded).toMatchObject({ left: 2, hasWritten: false, large: { offset: 0 } });
    expect(isLargePosition(at)).toBe(false);
    expect(afterLarge(within)).toMatchObject({ left: 1, hasWritten: true, scan: next });
    expect(afterLarge(within)).not.toHaveProperty('large');
  });

  it('ends behind the last one, or where the limit is reached', () => {
    const last = beforeLarge({ ...at, scan: next }, { datasetId, count: 0, large });
    const limited = beforeLarge({ ...at, left: 1 }, { datasetId, count: 0, next, large });

    expect([afterLarge(last), afterLarge(limited)]).toEqual([undefined, undefined]);
  });
});
