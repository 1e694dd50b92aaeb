import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import {
  checkIndexes,
  indexKeyOf,
  indexNameOf,
  isIndexName,
  isSameIndexes,
  presentIndex,
  storedIndexes,
  type StoredIndex,
} from './dataset-index.ts';

const on = (...fields: string[]) => ({ fields, unique: false });

function faultsOf(indexes: { fields: string[]; unique: boolean }[], key: string[] | null = null): unknown {
  try {
    checkIndexes(indexes, key);
    return [];
  } catch (error) {
    return error instanceof KeyportError ? error.errors?.map(({ path }) => path) : error;
  }
}

describe('indexes', () => {
  it('are refused where MongoDB has one already, or cannot have one', () => {
    expect(faultsOf([on('a', '-b.c'), on('a'), on('-a'), on('_id', 'a'), on('1', '0')], ['k'])).toEqual([]);
    const wrong = [on('a', 'a'), on('a', '-a'), on('_id'), on('k'), on('a..b'), on('a.$b'), on('-'), on('x'), on('x')];
    expect(faultsOf(wrong, ['k'])).toEqual([0, 1, 2, 3, 4, 5, 6, 8].map((at) => `indexes.${at}.fields`));
  });

  it('have their fields in order, those with a minus downwards', () => {
    expect([...indexKeyOf(on('b', '-a.c', '0'))]).toEqual([
      ['b', 1],
      ['a.c', -1],
      ['0', 1],
    ]);
  });

  it('have a name by what they are', () => {
    const names = [on('a'), on('-a'), on('a', 'b'), on('b', 'a'), { ...on('a'), unique: true }].map(indexNameOf);

    expect(new Set(names).size).toBe(5);
    expect(names.every(isIndexName)).toBe(true);
    expect([isIndexName('key'), isIndexName('_id_')]).toEqual([false, false]);
    expect(isSameIndexes([on('a'), on('b')], [on('a'), on('b')])).toBe(true);
    expect(isSameIndexes([on('a')], [on('a'), on('b')])).toBe(false);
  });

  it('stay as they are where they are there, and are built where they are new or failed', () => {
    const stored: StoredIndex[] = [
      { ...on('a'), name: indexNameOf(on('a')), state: 'ready' },
      { ...on('b'), name: indexNameOf(on('b')), state: 'failed', failure: { code: 'INDEX_NOT_UNIQUE' } },
    ];

    const next = storedIndexes([on('b'), on('a'), on('c')], stored);

    expect(next.map(({ fields, state }) => [fields[0], state])).toEqual([
      ['b', 'building'],
      ['a', 'ready'],
      ['c', 'building'],
    ]);
    expect(presentIndex('orders', stored[1] as StoredIndex)).toMatchObject({
      ...{ fields: ['b'], unique: false, state: 'failed' },
      error: { code: 'INDEX_NOT_UNIQUE', detail: expect.stringContaining('Two records of orders have the same b') },
    });
  });
});
