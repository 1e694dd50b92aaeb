import { describe, expect, it } from '@jest/globals';
import { BSON, BSONRegExp, Code, Double, Int32 } from 'bson';
import { identifyingFields, isRejection, readRow, rowStarts, type Identifying } from './chunk.ts';

const row = (document: BSON.Document) => Buffer.from(BSON.serialize(document));
const identify = (document: Buffer, index: number, by: Identifying) => readRow(document, 0, index, by);
const by = (...fields: string[]) => ({ key: identifyingFields(fields), match: null });

describe('a chunk', () => {
  it('is refused where its count is another one or its bytes are no documents', () => {
    const documents = Buffer.concat([row({ _id: 1 }), row({ _id: 2 })]);

    expect(rowStarts({ documents, count: 2 })).toEqual([0, 14]);
    expect(() => rowStarts({ documents, count: 1 })).toThrow(/not allowed/);
    expect(() => rowStarts({ documents: documents.subarray(1), count: 2 })).toThrow(/not allowed/);
  });

  it('is refused where a row does not begin with _id', () => {
    expect(() => identify(row({ a: 1, _id: 1 }), 0, by())).toThrow(/not allowed/);
  });
});

describe('the identity of a row', () => {
  it('is missing where one of the key fields is', () => {
    const found = identify(row({ _id: 1, a: { b: 1 } }), 3, by('a.b', 'a.c'));

    expect(found).toEqual({ index: 3, code: 'MISSING_KEY', path: 'a.c', message: expect.any(String) as unknown });
  });

  it('cannot be an array, or lie in one, or be a pattern', () => {
    for (const document of [
      { _id: 1, a: [1] },
      { _id: 1, a: new BSONRegExp('x') },
    ]) {
      expect(identify(row(document), 0, by('a'))).toMatchObject({ code: 'KEY_TYPE', path: 'a' });
    }
    expect(identify(row({ _id: 1, a: [{ b: 1 }] }), 0, by('a.b'))).toMatchObject({ code: 'KEY_TYPE', path: 'a.b' });
    const pointer = Buffer.concat([
      Buffer.of(24 + 4, 0, 0, 0, 0x0c),
      Buffer.from('_id\0\x02\0\0\0c\0'),
      Buffer.alloc(13),
    ]);
    pointer.writeInt32LE(pointer.length, 0);
    expect(identify(pointer, 0, by())).toMatchObject({ code: 'KEY_TYPE', path: '_id' });
    expect(identify(row({ _id: new Code('x', {}) }), 0, by())).not.toHaveProperty('code');
    expect(identify(row({ _id: [1] }), 0, by())).toMatchObject({ code: 'KEY_TYPE', path: '_id' });
  });

  it('is the same for numbers that MongoDB takes for equal', () => {
    const texts = [new Int32(1), new Double(1)].map((a) => {
      const found = identify(row({ _id: 1, a, b: 'x' }), 0, by('a', 'b'));
      return isRejection(found) ? undefined : found.key;
    });

    expect(texts[0]).toBeDefined();
    expect(texts[0]).toBe(texts[1]);
  });
});
