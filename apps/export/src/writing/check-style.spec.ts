import { describe, expect, it } from '@jest/globals';
import { exportSelection, type ExportSelection, type KeyportError } from '@keyport/contracts';
import { checkStyle } from './check-style.ts';

type Asked = Partial<ExportSelection>;

function faultsOf(asked: Asked): unknown {
  try {
    checkStyle(exportSelection.parse(asked));
  } catch (error) {
    const { code, errors } = error as KeyportError;
    return [code, errors?.map(({ path }) => path)];
  }
  return undefined;
}

describe('options of an export', () => {
  it.each<Asked>([
    {},
    { format: 'json', ejson: 'canonical', compression: 'zstd' },
    { format: 'csv', ejson: 'relaxed', types: 'header', csv: { delimiter: ';', bom: true, newline: 'crlf' } },
    { format: 'csv', csv: { delimiter: '\t', nullText: 'NULL', formulas: 'escape', header: false } },
    { format: 'tsv', csv: { nullText: 'a,b' } },
  ])('go together: %j', (asked) => {
    expect(faultsOf(asked)).toBeUndefined();
  });

  it.each<[Asked, string[]]>([
    [{ format: 'json', csv: { delimiter: ';', bom: true } }, ['csv.delimiter', 'csv.bom']],
    [{ types: 'header' }, ['types']],
    [{ format: 'csv', ejson: 'canonical' }, ['ejson']],
    [{ format: 'tsv', types: 'header', csv: { header: false } }, ['types', 'csv.header']],
    [{ format: 'csv', csv: { nullText: 'a,b' } }, ['csv.nullText']],
    [{ format: 'tsv', csv: { nullText: '\t' } }, ['csv.nullText']],
    [{ format: 'csv', csv: { nullText: '"' } }, ['csv.nullText']],
    ...['"', '\n', '\r', '\0', '1', 'e', '-', '+', '.', ':', '§'].map((delimiter): [Asked, string[]] => [
      { format: 'csv', csv: { delimiter } },
      ['csv.delimiter'],
    ]),
  ])('contradict each other, and are named: %j', (asked, paths) => {
    expect(faultsOf(asked)).toEqual(['VALIDATION_FAILED', paths]);
  });
});
