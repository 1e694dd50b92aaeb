import { describe, expect, it } from '@jest/globals';
import { createExportSchema, exportSelection } from './export.ts';
import { queryFault } from './filter.ts';
import { givenFilterText, sortKeys } from './select.ts';

describe("a caller's filter", () => {
  it('may use what the limit of a token may, and lists, items, sizes and bounded patterns', () => {
    const good = [
      {},
      { a: 1, 'b.c': { $gte: '2024-01-01', $lt: { $date: '2025-01-01T00:00:00Z' } } },
      { tags: { $all: ['a', 'b'], $size: 2 } },
      { lines: { $elemMatch: { sku: 'x', $or: [{ n: { $gt: 1 } }, { free: true }] } } },
      { scores: { $elemMatch: { $gte: 5, $lt: 7 } } },
      { name: { $regex: '^a', $options: 'i' } },
      { name: { $not: { $regex: '^a' } } },
      { n: { $in: Array.from({ length: 1_000 }, (_, index) => index) } },
    ];

    for (const filter of good) expect([filter, queryFault(filter)]).toEqual([filter, undefined]);
  });

  it.each([
    [{ $where: 'sleep(1)' }, '$where', /\$where is not allowed/],
    [{ $expr: { $gt: ['$a', 1] } }, '$expr', /\$expr is not allowed/],
    [{ $text: { $search: 'x' } }, '$text', /\$text is not allowed/],
    [{ $jsonSchema: {} }, '$jsonSchema', /not allowed/],
    [{ a: { $function: {} } }, 'a.$function', /\$function is not allowed/],
    [{ a: { $not: { $where: 'x' } } }, 'a.$not.$where', /\$where is not allowed/],
    [{ $or: [{ a: 1 }, { b: { $near: [] } }] }, '$or.1.b.$near', /\$near is not allowed/],
    [{ a: { $elemMatch: { $where: '1' } } }, 'a.$elemMatch.$where', /not allowed/],
    [{ a: { $regex: '(a+)+' } }, 'a.$regex', /repeat a group/],
    [{ a: { $options: 'i' } }, 'a.$options', /beside/],
    [{ a: { $regex: 'a', $options: 'x' } }, 'a.$options', /i, m and s/],
    [{ a: { $size: -1 } }, 'a.$size', /number of items/],
    [{ a: { $elemMatch: 5 } }, 'a.$elemMatch', /conditions/],
    [{ a: { $in: Array(2_001).fill(1) } }, 'a.$in', /2000 conditions/],
    [{ a: { $oid: 'x' } }, 'a', /does not hold/],
  ])('%j is refused at %s', (filter, path, message) => {
    const fault = queryFault(filter);

    expect(fault?.path.join('.')).toBe(path);
    expect(fault?.message).toMatch(message);
  });

  it('may not be nested 1,000 deep, as object and as text', () => {
    const opened = '{"$and":[';
    const text = `${opened.repeat(1_000)}{"a":1}${']}'.repeat(1_000)}`;

    const refused = givenFilterText.safeParse(text);

    expect(refused.error?.issues[0]?.message).toMatch(/nested 8 deep/);
    const deepValue = `{"a":${'{"b":'.repeat(1_000)}1${'}'.repeat(1_000)}}`;
    expect(givenFilterText.safeParse(deepValue).error?.issues[0]?.message).toMatch(/nested 8 deep/);
  });

  it('is JSON, of an object, and no longer than it may be', () => {
    for (const text of ['', '{', '[]', '5', 'null', '{"a":NaN}', `{"a":"${'x'.repeat(65_536)}"}`]) {
      expect([text.slice(0, 9), givenFilterText.safeParse(text).success]).toEqual([text.slice(0, 9), false]);
    }
  });

  it('is an object in a body, and text on the bus', () => {
    const filter = { a: { $gt: 1 } };

    expect(createExportSchema.safeParse({ filter }).success).toBe(true);
    expect(createExportSchema.safeParse({ filter: { $where: '1' } }).success).toBe(false);
    expect(exportSelection.parse({ filter: JSON.stringify(filter) })).toMatchObject({ filter: '{"a":{"$gt":1}}' });
  });
});

describe('keys to sort by', () => {
  it('are fields, each once, with - for the other direction', () => {
    expect(sortKeys.safeParse(['a', '-b.c', '_id']).success).toBe(true);
    for (const keys of [[], [''], ['-'], ['--'], ['$a'], ['a', '-a'], Array.from({ length: 9 }, (_, n) => `f${n}`)]) {
      expect([keys, sortKeys.safeParse(keys).success]).toEqual([keys, keys[0] === '--']);
    }
  });
});
