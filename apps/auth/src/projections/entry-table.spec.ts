import { describe, expect, it } from '@jest/globals';
import { EntryTable } from './entry-table.ts';

describe('EntryTable', () => {
  it('knows of each of many keys its revision, and whether a value is the same', () => {
    const table = new EntryTable();
    const count = 50_000;
    for (let n = 1; n <= count; n += 1) table.set(`key.${n}`, n, `value ${n}`);

    const wrong = Array.from({ length: count }, (_, index) => index + 1).filter((n) => {
      const { revision, isPresent, digest } = table.get(`key.${n}`) ?? {};
      const isSame = digest === table.digestOf(`value ${n}`) && digest !== table.digestOf(`value ${n} `);
      return revision !== n || !isPresent || !isSame;
    });
    expect(wrong).toEqual([]);
    expect(table.get('key.0')).toBeUndefined();
    expect([...table.presentRevisions()].length).toBe(count);
  });

  it('tells deletions and what was struck from what is present', () => {
    const table = new EntryTable();
    table.set('deleted', 1, undefined);
    table.set('struck', 2, 'x');
    table.set('kept', 3, 'x');

    table.strike('struck');
    table.strike('never there');

    expect(table.get('deleted')).toMatchObject({ revision: 1, isPresent: false });
    expect(table.get('struck')).toMatchObject({ revision: 2, isPresent: false });
    expect([...table.presentRevisions()]).toEqual([3]);
  });

  it('takes the last of what is said of a key', () => {
    const table = new EntryTable();
    table.set('key', 1, 'x');
    table.set('key', 2, 'y');

    expect(table.get('key')).toEqual({ revision: 2, isPresent: true, digest: table.digestOf('y') });
    expect([...table.presentRevisions()]).toEqual([2]);
  });
});
