import { describe, expect, it } from '@jest/globals';
import { splitDocuments } from '@keyport/mongo';
import { BSON } from 'bson';
import { nextAverage, pageOf, recordsToAskFor } from './page.ts';
import { positionBytes, positionOf } from './scan-cursor.ts';

/** Documents as they lie in a reply: apart. */
function batchOf(documents: readonly BSON.Document[]) {
  const parts = documents.map((document) => Buffer.from(BSON.serialize(document)));
  const starts: number[] = [];
  const bytes = Buffer.concat(
    parts.flatMap((part) => {
      starts.push((starts.at(-1) ?? -3) + 3 + (starts.length > 0 ? (parts[starts.length - 1]?.length ?? 0) : 0));
      return [part, Buffer.from('gap')];
    }),
  );
  return { bytes, starts, isWhole: true };
}
const read = (documents: Buffer) => splitDocuments(documents).map((document) => BSON.deserialize(document));
const rows = [
  { _id: 1, a: 'x' },
  { _id: 2, a: 'y' },
  { _id: 3, a: 'z'.repeat(100) },
];

describe('a page', () => {
  it('holds whole records, one behind the other', () => {
    const page = pageOf(batchOf(rows), { maxBytes: 1_000, withId: true });

    expect(read(page.documents)).toEqual(rows);
    expect(page).toMatchObject({ count: 3, isCut: false });
  });

  it('ends before the record that would exceed its bytes, or its limit, and holds at least one', () => {
    const counts = [{ maxBytes: 60 }, { maxBytes: 1 }, { maxBytes: 1_000, limit: 2 }].map(
      (limits) => pageOf(batchOf(rows), { ...limits, withId: true }).count,
    );

    expect(counts).toEqual([2, 1, 2]);
  });

  it('leaves _id out where it was not asked for, and still knows where it ends', () => {
    const page = pageOf(batchOf(rows), { maxBytes: 60, withId: false });

    expect(read(page.documents)).toEqual([{ a: 'x' }, { a: 'y' }]);
    expect(page.isCut).toBe(true);
    expect(
      page.last && positionOf(positionBytes(page.last, { collectionName: 'c', averageBytes: 22 }), 'c'),
    ).toMatchObject({
      after: { value: 2 },
      averageBytes: 22,
    });
  });

  it('asks for what fits by the average and one more', () => {
    expect(recordsToAskFor(1_000, 100, undefined)).toBe(11);
    expect(recordsToAskFor(1_000, 100, 5)).toBe(6);
    expect(recordsToAskFor(1, 100, undefined)).toBe(2);
  });

  it('lets the average fall by steps only', () => {
    const page = pageOf(batchOf(rows.slice(0, 2)), { maxBytes: 1_000, withId: true });

    expect(nextAverage(page, 10)).toBe(page.documents.length / 2);
    expect(nextAverage(page, 4_000)).toBe(1_000);
  });
});

describe('a scan cursor', () => {
  it('is refused where it is not one, or one of another collection', () => {
    const { last } = pageOf(batchOf(rows), { maxBytes: 1, withId: true });
    const cursor = last && positionBytes(last, { collectionName: 'one', averageBytes: 5 });

    expect(() => positionOf(Buffer.from('nonsense'), 'one')).toThrow(/cannot be read/);
    expect(() => positionOf(cursor ?? Buffer.alloc(0), 'other')).toThrow(/cannot be read/);
    expect(() => positionOf(Buffer.from(BSON.serialize({ c: 'one' })), 'one')).toThrow(/cannot be read/);
  });
});
