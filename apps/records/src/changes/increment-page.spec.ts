import { describe, expect, it } from '@jest/globals';
import { firstElement, splitDocuments, type RawBatch } from '@keyport/mongo';
import { BSON, Double, Int32, Long, Timestamp } from 'bson';
import { incrementBytes, incrementOf, sinceBytes, sinceOf } from './change-cursor.ts';
import { incrementPageOf, type Changed } from './increment-page.ts';

const changedOf = (...ids: unknown[]): Changed[] =>
  ids.map((_id, index) => {
    const id = firstElement(Buffer.from(BSON.serialize({ _id })));
    if (!id) throw new Error('no element');
    return { id, seq: index + 1 };
  });

function batchOf(...documents: BSON.Document[]): RawBatch {
  const parts = documents.map((document) => BSON.serialize(document));
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, { length }) => sum + length, 0));
  return { bytes: Buffer.concat(parts), starts, isWhole: true };
}

const read = (documents: Buffer) => splitDocuments(documents).map((document) => BSON.deserialize(document));

describe('a page of changes', () => {
  it('has them in their order, present or gone', () => {
    const page = incrementPageOf(changedOf('b', 'gone', 'a'), batchOf({ _id: 'a', n: 1 }, { _id: 'b', n: 2 }), 1_000);

    expect(read(page.documents)).toEqual([
      { _id: 'b', n: 2 },
      { $deleted: true, _id: 'gone' },
      { _id: 'a', n: 1 },
    ]);
    expect(page).toMatchObject({ count: 3, lastSeq: 3 });
  });

  it('finds a record whose _id is an equal number of another type', () => {
    const page = incrementPageOf(changedOf(new Int32(1), Long.fromNumber(2)), batchOf({ _id: new Double(1) }), 1_000);

    expect(read(page.documents)).toEqual([{ _id: 1 }, { $deleted: true, _id: 2 }]);
  });

  it('ends before it is too large, but not before its first record', () => {
    const [changed, records] = [changedOf(1, 2, 3), batchOf({ _id: 1, text: 'x'.repeat(500) }, { _id: 2 }, { _id: 3 })];

    expect(incrementPageOf(changed, records, 10)).toMatchObject({ count: 1, lastSeq: 1 });
    expect(incrementPageOf(changed.slice(1), records, 40)).toMatchObject({ count: 2, lastSeq: 3 });
    expect(incrementPageOf([], batchOf(), 10)).toMatchObject({ count: 0, lastSeq: undefined });
  });
});

describe('cursors of changes', () => {
  const increment = { history: 'h', seq: 3, upTo: 9, time: new Timestamp({ t: 5, i: 6 }), averageBytes: 100 };

  it('are read as they were written', () => {
    expect(sinceOf(sinceBytes({ history: 'h', seq: 3 }))).toEqual({ history: 'h', seq: 3 });
    expect(incrementOf(incrementBytes(increment))).toEqual(increment);
  });

  it('are not taken for one another, or anything else for one', () => {
    const refused = { code: 'CURSOR_INVALID' };

    expect(() => sinceOf(incrementBytes(increment))).toThrow(expect.objectContaining(refused));
    expect(() => incrementOf(sinceBytes({ history: 'h', seq: 3 }))).toThrow(expect.objectContaining(refused));
    for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), BSON.serialize({ h: 'h', s: -1 })])
      expect(() => sinceOf(bytes)).toThrow(expect.objectContaining(refused));
  });
});
