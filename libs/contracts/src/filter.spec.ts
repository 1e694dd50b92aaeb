import { describe, expect, it } from '@jest/globals';
import { filterFault } from './filter.ts';
import { fieldPath } from './shapes.ts';

const values = [
  'eu',
  5,
  -1.5,
  true,
  null,
  ['a', { b: 1 }],
  { b: { c: null } },
  { $oid: '65f000000000000000000001' },
  { $date: '2026-01-02T03:04:05.678Z' },
  { $date: '2026-01-02T03:04:05+01:00' },
  { $date: { $numberLong: '-1' } },
  { $numberLong: '-9223372036854775808' },
  { $numberInt: '2147483647' },
  { $numberDouble: '-Infinity' },
  { $numberDecimal: '1.10E+3' },
  { $uuid: '00000000-0000-4000-8000-000000000000' },
  { $binary: { base64: 'eA==', subType: '00' } },
];

const broken = [
  { $oid: 'zz' },
  { $oid: 5 },
  { $date: 'yesterday' },
  { $date: '2026-01-02T03:04:05' },
  { $date: 5 },
  { $numberLong: '9223372036854775808' },
  { $numberLong: 5 },
  { $numberInt: '2147483648' },
  { $numberInt: 'x' },
  { $numberDouble: 'x' },
  { $numberDecimal: '' },
  { $uuid: 'x' },
  { $binary: 'eA==' },
  { $binary: { base64: '*', subType: '00' } },
];

describe('a filter', () => {
  it('compares fields with values of every type', () => {
    for (const value of values) {
      expect([value, filterFault({ a: value })]).toEqual([value, undefined]);
      expect([value, filterFault({ 'a.b': { $gte: value, $nin: [value] } })]).toEqual([value, undefined]);
    }
  });

  it('joins conditions with $and, $or, $nor, $not and $exists', () => {
    const filter = { $or: [{ $and: [{ a: 1 }, { b: { $not: { $lt: 3 } } }] }, { $nor: [{ c: { $exists: false } }] }] };

    expect(filterFault(filter)).toBeUndefined();
  });

  it('is refused where a wrapper does not hold a value of its type: drivers would read another value', () => {
    for (const value of broken) {
      expect([value, filterFault({ a: value })]).toEqual([value, expect.stringMatching(/does not hold a value/)]);
      expect([value, filterFault({ a: { $in: [value] } })]).toEqual([value, expect.any(String)]);
    }
  });

  it('is refused where it runs code, scans text, or is malformed', () => {
    const refused: unknown[] = [
      ...[{ $where: '1' }, { $expr: {} }, { $text: {} }, { $jsonSchema: {} }, { $comment: 'x' }, { $and: [] }],
      ...[{ a: { $regex: 'x' } }, { a: { $elemMatch: {} } }, { a: { $not: {} } }, { a: { $not: 'x' } }],
      ...[{ a: { $gt: 1, b: 2 } }, { a: { b: { $gt: 1 } } }, { a: { $in: 1 } }, { a: { $exists: 1 } }],
      ...[{ a: { $oid: '65f000000000000000000001', b: 1 } }, { '': 1 }, { 'a\u0000': 1 }, { a: { 'b\u0000': 1 } }],
      ...[null, [], 'x'],
    ];

    for (const filter of refused) expect([filter, filterFault(filter)]).toEqual([filter, expect.any(String)]);
  });

  it('is bounded in depth and size', () => {
    let deep: Record<string, unknown> = { a: 1 };
    for (let level = 0; level < 9; level += 1) deep = { $and: [deep] };

    expect(filterFault(deep)).toMatch(/nested/);
    const path = (names: number) => Array(names).fill('a').join('.');
    expect(filterFault({ [path(100)]: 1 })).toBeUndefined();
    expect(filterFault({ [path(101)]: 1 })).toMatch(/100 names/);
    expect([100, 101].map((names) => fieldPath.safeParse(path(names)).success)).toEqual([true, false]);
    expect(filterFault({ a: { $in: Array.from({ length: 600 }, (_, index) => index) } })).toMatch(/500/);
  });
});
