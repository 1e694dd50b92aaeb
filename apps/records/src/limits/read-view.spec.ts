import { describe, expect, it } from '@jest/globals';
import { Decimal128, Int32, Long } from 'bson';
import { projectionFor } from './projection.ts';
import { readViewOf, showsId } from './read-view.ts';

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('what is seen of a dataset', () => {
  it('is everything without limits, or the fields asked for', () => {
    const nothing = { query: undefined, parts: undefined };

    expect(readViewOf('all', undefined)).toEqual({ ...nothing, fields: undefined });
    expect(readViewOf('all', ['b', 'a.x', 'a', 'b'])).toEqual({ ...nothing, fields: ['b', 'a'] });
  });

  it('is one projection where all limits name the same fields', () => {
    const limits = [
      { filter: { a: 1 }, fields: ['x', 'y'] },
      { filter: { a: 2 }, fields: ['y', 'x', 'x.deep'] },
    ];

    expect(readViewOf(limits, undefined)).toEqual({
      query: { $or: [{ a: new Int32(1) }, { a: new Int32(2) }] },
      fields: ['x', 'y'],
      parts: undefined,
    });
  });

  it('differs by row where they do not', () => {
    const view = readViewOf([{ filter: { a: 1 }, fields: ['x.y'] }, { fields: ['x', 'w', 'v'] }], ['x', 'w']);

    expect(view).toEqual({
      query: undefined,
      fields: ['w', 'x'],
      parts: [
        { query: { a: new Int32(1) }, fields: ['x.y'] },
        { query: undefined, fields: ['w', 'x'] },
      ],
    });
  });

  it('never holds a field that no limit allows', () => {
    const limits = [{ fields: ['a', 'in.x', 'odd.$'] }, { filter: { a: 1 }, fields: ['b'] }];

    for (const field of ['c', 'in', 'in.xy', '_id', 'odd']) {
      expect([field, codeOf(() => readViewOf(limits, ['a', field]))]).toEqual([field, 'FIELD_NOT_ALLOWED']);
    }
    for (const field of ['a.$', 'a..b', 'a.']) {
      expect([field, codeOf(() => readViewOf(limits, [field]))]).toEqual([field, 'VALIDATION_FAILED']);
    }
    expect(readViewOf(limits, ['a.deep', 'b']).fields).toEqual(['a.deep', 'b']);
    expect(readViewOf([{ fields: ['odd.$'] }], undefined).fields).toEqual([]);
  });

  it('is decided by filters whose values keep their types', () => {
    const filter = { n: { $gte: { $numberLong: '9007199254740993' } }, price: { $numberDecimal: '1.10' } };

    expect(readViewOf([{ filter }], undefined).query).toEqual({
      n: { $gte: Long.fromString('9007199254740993') },
      price: new Decimal128('1.10'),
    });
    expect(codeOf(() => readViewOf([{ filter: { a: { $oid: 'zz' } } }], undefined))).toBe('ROW_NOT_ALLOWED');
    expect(codeOf(() => readViewOf('none', undefined))).toBe('ROW_NOT_ALLOWED');
  });
});

describe('a projection', () => {
  it('reads _id besides the fields, shown or not, and no part of it', () => {
    expect(projectionFor(['b', 'a.x', '_id.part'])).toEqual({ b: 1, 'a.x': 1, _id: 1 });
    expect(projectionFor([])).toEqual({ _id: 1 });
    expect([undefined, ['_id'], ['_id.part'], []].map(showsId)).toEqual([true, true, false, false]);
  });
});
