import { describe, expect, it } from '@jest/globals';
import { Int32, Timestamp } from 'bson';
import type { TrackedDataset } from './change-histories.repository.ts';
import { keptOf, mayInsert } from './kept-changes.ts';
import { isHistoryLost, stepsOf, type StreamEvent } from './stream-events.ts';
import { justAfter, later, timeOfToken } from './stream-time.ts';

const at = (i: number) => new Timestamp({ t: 1_000, i });
const event = (operationType: string, i: number, more: Partial<StreamEvent> = {}): StreamEvent => ({
  ...{ operationType, clusterTime: at(i), ns: { db: 'erp', coll: 'orders' } },
  ...more,
});
const changed = (operationType: string, i: number, _id: unknown) => event(operationType, i, { documentKey: { _id } });

describe('events of a change stream', () => {
  it('are changes up to what breaks them off, then that, then the others', () => {
    const steps = stepsOf([
      changed('insert', 1, 'a'),
      changed('delete', 2, 'b'),
      event('rename', 3, { to: { db: 'erp', coll: 'old' } }),
      event('createIndexes', 4),
      changed('update', 5, 'c'),
    ]);

    expect(steps).toEqual([
      {
        changes: [
          { collection: 'orders', id: 'a', at: at(1), op: 'insert' },
          { collection: 'orders', id: 'b', at: at(2), op: 'delete' },
        ],
      },
      { break: { at: at(3), collections: ['orders', 'old'], endsStream: false } },
      { changes: [{ collection: 'orders', id: 'c', at: at(5), op: 'update' }] },
    ]);
  });

  it('break off everything where the database goes, and end with the stream', () => {
    expect(stepsOf([event('dropDatabase', 1, { ns: { db: 'erp' } }), event('invalidate', 1)])).toEqual([
      { break: { at: at(1), collections: 'all', endsStream: false } },
      { break: { at: at(1), collections: 'all', endsStream: true } },
    ]);
  });
});

describe('kept changes', () => {
  it('are those of a dataset from the start of its history on, numbered in their order', () => {
    const dataset = (name: string, collectionName: string, from: Timestamp | null): TrackedDataset => ({
      ...{ _id: name, id: name, collectionName },
      history: { id: name, from, keptAfter: 0 },
    });
    const tracked = [
      dataset('early', 'erp:orders', at(1)),
      dataset('late', 'erp:orders', at(2)),
      dataset('waiting', 'erp:orders', null),
      dataset('other', 'erp:others', at(1)),
    ];
    const changes = [1, 2].map((i) => ({ collection: 'orders', id: i, at: at(i), op: 'insert' as const }));

    const kept = keptOf(changes, tracked, 10);

    expect(kept).toEqual([
      { historyId: 'early', _id: 1, seq: 11, at: at(1), op: 'insert' },
      { historyId: 'early', _id: 2, seq: 12, at: at(2), op: 'insert' },
      { historyId: 'late', _id: 2, seq: 13, at: at(2), op: 'insert' },
    ]);
    expect(mayInsert(kept)).toBe(true);
    expect(mayInsert([...kept, { historyId: 'late', _id: 2, seq: 14, at: at(3), op: 'delete' }])).toBe(false);
  });
});

describe('the time of a resume token', () => {
  it('is read from those of changes and of moments, and from nothing else', () => {
    const ofChange = '826B0CEC70000000032B022C0100296E5A10047CC14EE31F8F4E1C8399AE381CFD6FD2463C5F6964003C7430000004';
    const time = new Timestamp({ t: 0x6b0cec70, i: 3 });

    expect(timeOfToken({ _data: ofChange })).toEqual(time);
    expect(timeOfToken({ _data: '826B0CEC70000000032B0229296E04' })).toEqual(time);
    for (const token of [undefined, null, {}, { _data: 5 }, { _data: '836B0CEC7000000003' }, { _data: '82FF' }])
      expect(() => timeOfToken(token)).toThrow('unknown form');
  });

  it('is followed by the next one, also over a second', () => {
    const last = new Timestamp({ t: 5, i: 0xffffffff });

    expect(justAfter(last)).toEqual(new Timestamp({ t: 6, i: 0 }));
    expect(later(last, justAfter(last))).toEqual(justAfter(last));
    expect(later(justAfter(last), last)).toEqual(justAfter(last));
  });
});

describe('a history', () => {
  it('is lost by what the server says of its oplog, and by no other failure', () => {
    const failed = (code: unknown) => Object.assign(new Error('failed'), { code });

    expect([280, 286, new Int32(286)].map((code) => isHistoryLost(failed(code)))).toEqual([true, true, true]);
    expect([43, new Int32(43), undefined].map((code) => isHistoryLost(failed(code)))).toEqual([false, false, false]);
  });
});
