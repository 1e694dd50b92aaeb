import { describe, expect, it } from '@jest/globals';
import { exportSelection, type ExportSelection } from '@keyport/contracts';
import { afterColumns, afterRows, firstPosition, type RowsPosition } from './position.ts';
import { afterOf, checkSelection, selectedScan } from './selected-scan.ts';

const selection = (given: Partial<ExportSelection>) => exportSelection.parse(given);
const first = (given: Partial<ExportSelection>) => firstPosition({ dataset: 'orders' }, selection(given), undefined);
const page = { datasetId: '0'.repeat(24), count: 2, next: Buffer.from('next') };

describe('a scan of a selection', () => {
  it('begins behind a cursor or behind an _id, and goes on behind the last page', () => {
    const cursor = afterOf(Buffer.alloc(40, 7));
    const at = first({ after: cursor }) as RowsPosition;

    expect(selectedScan(at).cursor).toEqual(Buffer.alloc(40, 7));
    expect(selectedScan(afterRows(at, page) ?? at)).toMatchObject({ cursor: page.next });
    for (const id of ['{"$oid":"65f000000000000000000001"}', '"text"', '7', 'null'])
      expect(selectedScan(first({ after: id }))).toMatchObject({ afterId: id });
    expect(() => selectedScan(first({ after: 'not base64url!' }))).toThrow(
      expect.objectContaining({ code: 'CURSOR_INVALID' }),
    );
  });

  it('takes the filter as the first page understood it from then on', () => {
    const at = first({ filter: '{"a":1}' }) as RowsPosition;
    const typed = '{"a":{"$numberInt":"1"}}';

    expect(selectedScan(at)).toMatchObject({ filter: '{"a":1}', isTyped: undefined });
    expect(selectedScan(afterRows(at, { ...page, filter: typed }) ?? at)).toMatchObject({
      filter: typed,
      isTyped: true,
    });
  });

  it('selects the same for the columns and for the rows; in order where that says which', () => {
    const given = { format: 'csv' as const, filter: '{"a":1}', sort: ['a'], limit: 5 };
    const columns = first(given);
    if (columns.pass !== 'columns') throw new Error('no columns pass');
    const rows = afterColumns(columns, { datasetId: page.datasetId, count: 2, filter: '{"a":2}' }, { columns: ['a'] });

    expect(selectedScan(columns)).toMatchObject({ filter: '{"a":1}', sort: ['a'] });
    expect(selectedScan(first({ ...given, limit: undefined })).sort).toBeUndefined();
    expect(selectedScan(rows)).toMatchObject({ filter: '{"a":2}', isTyped: true, sort: ['a'] });
  });

  it('is refused where it both sorts and goes on', () => {
    expect(() => checkSelection(selection({ sort: ['a'], after: '1' }))).toThrow(
      expect.objectContaining({ code: 'VALIDATION_FAILED' }),
    );
    expect(() => checkSelection(selection({ sort: ['a'] }))).not.toThrow();
  });
});
