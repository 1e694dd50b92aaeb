import { describe, expect, it } from '@jest/globals';
import { BSON, Long, Timestamp } from 'bson';
import { digestOf, elementOf, isLarge, largeRecordBytes, largeRecordOf, partsOf } from './large-record.ts';

const at = new Timestamp({ t: 1_800_000_000, i: 7 });

describe('a document that no message carries', () => {
  it.each(['text', null, 5, Long.fromNumber(5), { a: 1 }])('is named by its _id %j, its time and its digest', (id) => {
    const document = Buffer.from('as it is shown');

    const named = largeRecordOf(largeRecordBytes(elementOf(id), 'd_1', at, document), 'd_1');

    expect(BSON.serialize({ id: named.id })).toEqual(BSON.serialize({ id }));
    expect(named.at.equals(at)).toBe(true);
    expect(named.digest).toEqual(digestOf(document));
  });

  it('is of its collection alone', () => {
    const name = largeRecordBytes(elementOf(1), 'd_1', at, Buffer.alloc(0));
    const others = [BSON.serialize({ _id: 1, c: 'd_2' }), BSON.serialize({ c: 'd_2', t: at })];

    for (const bytes of [name, ...others])
      expect(() => largeRecordOf(bytes, 'd_2')).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
  });

  it('is cut into parts that are numbered', () => {
    const document = Buffer.alloc(10_000_000, 1);

    const parts = partsOf(document);

    expect(isLarge(document)).toBe(true);
    expect(parts.map(({ part, of }) => [part, of])).toEqual([1, 2, 3].map((part) => [part, 3]));
    expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(document)).toBe(true);
    expect(parts.every(({ bytes }) => !isLarge(bytes))).toBe(true);
  });
});
