import { describe, expect, it } from '@jest/globals';
import {
  BSON,
  BSONRegExp,
  BSONSymbol,
  Binary,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';
import {
  documentStarts,
  elementAtPath,
  elementsOf,
  firstElement,
  MalformedBson,
  nameOf,
  rawPath,
  splitDocuments,
} from './raw-bson.ts';
import { documentOf, readExactly, renamed, joinDocument, valuesOf } from './raw-document.ts';

const everyType = {
  double: new Double(1.5),
  text: 'Grüße\u0000!',
  nested: { a: { b: [new Int32(1), { c: true }] } },
  list: [new Int32(1), 'two'],
  bytes: new Binary(Buffer.from([1, 2, 3])),
  id: new ObjectId('65f000000000000000000001'),
  yes: true,
  at: new Date(0),
  nothing: null,
  pattern: new BSONRegExp('^a', 'i'),
  code: new Code('f()'),
  scoped: new Code('f()', { x: new Int32(1) }),
  symbol: new BSONSymbol('s'),
  int: new Int32(7),
  stamp: new Timestamp({ t: 1, i: 2 }),
  long: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('1.10'),
  ref: new DBRef('other', new ObjectId()),
  low: new MinKey(),
  high: new MaxKey(),
};

describe('raw BSON', () => {
  it('cuts concatenated documents apart without touching their bytes', () => {
    const documents = [{ _id: 1 }, {}, everyType].map((document) => BSON.serialize(document));

    const parts = splitDocuments(Buffer.concat(documents));

    expect(parts.map((part) => part.toString('hex'))).toEqual(documents.map((one) => Buffer.from(one).toString('hex')));
  });

  it('refuses bytes whose lengths do not add up', () => {
    const document = Buffer.from(BSON.serialize({ _id: 1, a: 'x' }));
    const tooLong = Buffer.from(document);
    tooLong.writeInt32LE(document.length + 1, 0);

    for (const bytes of [document.subarray(0, -1), tooLong, Buffer.from([1, 2, 3]), Buffer.alloc(8)]) {
      expect(() => documentStarts(bytes)).toThrow(MalformedBson);
    }
  });

  it('refuses an element that reaches beyond its document', () => {
    const document = Buffer.from(BSON.serialize({ a: 'xy', b: 1 }));
    document.writeInt32LE(1000, 7);

    expect(() => [...elementsOf(document)]).toThrow(MalformedBson);
    expect(() => elementAtPath(document, rawPath('b'))).toThrow(MalformedBson);
  });

  it('walks over values of every type', () => {
    const document = Buffer.from(BSON.serialize(everyType));

    const names = elementsOf(document).map(nameOf).toArray();

    expect(names).toEqual(Object.keys(everyType));
  });

  it('puts a document together again from its elements', () => {
    const document = Buffer.from(BSON.serialize(everyType));

    expect(documentOf(...elementsOf(document)).equals(document)).toBe(true);
  });

  it('keeps the type of every value that it reads', () => {
    const document = Buffer.from(BSON.serialize(everyType));

    const again = BSON.serialize(readExactly(document));

    expect(Buffer.from(again).equals(document)).toBe(true);
  });

  it('finds a field inside embedded documents and stops at an array', () => {
    const document = Buffer.from(BSON.serialize(everyType));
    const at = (path: string) => elementAtPath(document, rawPath(path));

    expect(at('nested.a.b')?.type).toBe(4);
    expect(at('nested.a.b.c')?.type).toBe(4);
    expect(at('nested.x')).toBeUndefined();
    expect(at('int.x')).toBeUndefined();
    expect(at('intx')).toBeUndefined();
    expect(valuesOf([at('long')].flatMap((found) => found ?? []))).toEqual([everyType.long]);
  });

  it('gives an element another name', () => {
    const [element] = [...elementsOf(Buffer.from(BSON.serialize({ _id: 'x' })))];

    const document = joinDocument(element ? [renamed(element, 'id')] : []);

    expect(BSON.deserialize(document)).toEqual({ id: 'x' });
  });

  it('knows that an empty document has no first element', () => {
    expect(firstElement(Buffer.from(BSON.serialize({})))).toBeUndefined();
  });
});
