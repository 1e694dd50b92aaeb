import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import { countDocuments, elementOf, splitDocuments } from '../index.ts';

const everyType = {
  ...{ double: new bson.Double(1), text: 'x', document: { a: { b: 'deep' } }, array: ['p', { q: 'in array' }] },
  ...{
    binary: new bson.Binary(Uint8Array.from([1])),
    undefined,
    id: new bson.ObjectId(),
    yes: true,
    date: new Date(0),
    none: null,
  },
  ...{ regex: new bson.BSONRegExp('a', 'i'), code: new bson.Code('x'), symbol: new bson.BSONSymbol('s') },
  ...{ scoped: new bson.Code('x', { y: 1 }), int: new bson.Int32(1), timestamp: new bson.Timestamp({ t: 1, i: 2 }) },
  ...{
    long: bson.Long.fromNumber(1),
    decimal: bson.Decimal128.fromString('1'),
    min: new bson.MinKey(),
    max: new bson.MaxKey(),
  },
  ref: new bson.DBRef('c', new bson.ObjectId()),
  last: 'found',
};

describe('walking over BSON', () => {
  const document = bson.serialize(everyType, { ignoreUndefined: false });

  it('finds a field behind values of every type', () => {
    expect(Buffer.from(elementOf(document, 'last')!.bytes).toString()).toBe('\x06\0\0\0found\0');
    expect(elementOf(document, 'int')).toEqual({ type: 0x10, bytes: Buffer.from([1, 0, 0, 0]) });
  });

  it('follows dotted paths, and finds nothing where there is nothing', () => {
    expect(Buffer.from(elementOf(document, 'document.a.b')!.bytes).includes('deep')).toBe(true);
    expect(Buffer.from(elementOf(document, 'array.1.q')!.bytes).includes('in array')).toBe(true);
    for (const path of ['missing', 'document.b', 'text.a', 'doc', 'documents', ''])
      expect(elementOf(document, path)).toBeUndefined();
  });

  it('counts and splits documents that lie in a row, and refuses what is cut', () => {
    const row = Buffer.concat([document, bson.serialize({}), document]);

    expect(countDocuments(row)).toBe(3);
    expect(splitDocuments(row).map(({ length }) => length)).toEqual([document.length, 5, document.length]);
    expect(countDocuments(new Uint8Array(0))).toBe(0);
    expect(() => countDocuments(row.subarray(0, -1))).toThrow(RangeError);
    expect(() => splitDocuments(Buffer.from([1, 0, 0, 0, 0]))).toThrow(RangeError);
  });
});
