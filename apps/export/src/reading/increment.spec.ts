import { describe, expect, it } from '@jest/globals';
import { KeyportError, type ExportSelection } from '@keyport/contracts';
import { checkIncrement, columnsOfIncrement } from './increment.ts';
import { afterColumns, afterRows, firstPosition, type ColumnsPosition, type RowsPosition } from './position.ts';

const plain = { format: 'ndjson', ejson: 'relaxed' } as const;
const datasetId = 'd'.repeat(24);

function refused(selection: ExportSelection): unknown {
  try {
    checkIncrement(selection);
    return 'nothing';
  } catch (error) {
    return error instanceof KeyportError ? error.errors?.map(({ path }) => path) : error;
  }
}

describe('an increment', () => {
  it('is refused with what leaves out a part of it, or cannot be said of it, by name', () => {
    expect(refused({ ...plain, since: 'x', fields: ['a'] })).toBe('nothing');
    expect(refused({ ...plain, since: undefined, limit: 5 })).toBe('nothing');
    expect(refused({ ...plain, since: 'x', compression: 'gzip', csv: { bom: true } })).toBe('nothing');
    expect(refused({ ...plain, since: 'x', limit: 5, types: 'header' })).toEqual(['limit', 'types']);
  });

  it('has columns that tell which record it is, and whether it is gone', () => {
    expect(columnsOfIncrement(['a', '_id', 'b'])).toEqual(['$deleted', '_id', 'a', 'b']);
  });

  it('is one in each position, of both passes', () => {
    const csv = { ...plain, format: 'csv', since: 'x' } as const;
    const collecting = firstPosition({ dataset: 'orders' }, csv, undefined) as ColumnsPosition;
    const writing = afterColumns(
      collecting,
      { datasetId, count: 2 },
      { columns: ['_id', 'a', '$deleted'] },
    ) as RowsPosition;

    expect(firstPosition({ dataset: 'orders' }, csv, ['a'])).toMatchObject({ columns: ['$deleted', '_id', 'a'] });
    expect(collecting).toMatchObject({ pass: 'columns', since: 'x' });
    expect(writing).toMatchObject({ pass: 'rows', since: 'x', columns: ['$deleted', '_id', 'a'], datasetId });
    expect(afterRows(writing, { datasetId, count: 1, next: Buffer.from('n') })).toMatchObject({ since: 'x' });
  });
});
