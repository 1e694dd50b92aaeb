import type { Limited } from '@keyport/access';
import { describe, expect, it } from '@jest/globals';
import { allowedColumns } from './allowed-columns.ts';

const columns = ['_id', 'total', 'totals', 'address.city', 'address.zip', 'note'];
const rows = { filter: { region: 'eu' } };

describe('the columns that limits leave', () => {
  it.each<[string, Limited, string[]]>([
    ['all, without limits', 'all', columns],
    ['all, where rows alone are limited', [rows], columns],
    ['all, where one of several limits names no fields', [{ fields: ['total'] }, rows], columns],
    [
      'the fields named, and those inside of them',
      [{ fields: ['total', 'address'] }],
      ['total', 'address.city', 'address.zip'],
    ],
    ['a field inside of an object', [{ fields: ['address.zip'] }], ['address.zip']],
    ['an object of which a field is named', [{ fields: ['note.text'] }], ['note']],
    ['those of every limit', [{ fields: ['note'] }, { fields: ['_id'] }], ['_id', 'note']],
    ['none, without the right', 'none', []],
  ])('are %s', (_what, limits, left) => {
    expect(allowedColumns(columns, limits)).toEqual(left);
  });
});
