import { describe, expect, it } from '@jest/globals';
import { readRecordEvent, rowOf } from './record-event.ts';

const event = (changes: object = {}) =>
  JSON.stringify({
    ...{ specversion: '1.0', id: '1', source: '/shop', type: 'keyport.record.upserted' },
    ...{ subject: 'A-1', data: { code: 'A-1', qty: 2 } },
    ...changes,
  });

describe('readRecordEvent', () => {
  it('takes the dataset from the subject and the record from the data', () => {
    expect(readRecordEvent('ingest.v1.orders', event())).toEqual({
      dataset: 'orders',
      id: '1',
      source: '/shop',
      subject: 'A-1',
      data: { code: 'A-1', qty: 2 },
    });
  });

  it('says what is wrong with an event', () => {
    const wrong = [
      readRecordEvent('ingest.v1.Orders', event()),
      readRecordEvent('ingest.v1.orders', '{'),
      readRecordEvent('ingest.v1.orders', event({ specversion: '0.3' })),
      readRecordEvent('ingest.v1.orders', event({ type: 'shop.order.placed' })),
      readRecordEvent('ingest.v1.orders', event({ data: [1] })),
      readRecordEvent('ingest.v1.orders', event({ data: undefined })),
    ];

    for (const answer of wrong) expect(answer).toEqual({ invalid: expect.any(String) });
  });
});

describe('rowOf', () => {
  const record = { dataset: 'orders', id: '1', source: '/shop', subject: 'A-1', data: { qty: 2 } };

  it('makes the subject the _id where nothing else identifies the record', () => {
    expect(rowOf(record, [])).toBe('{"_id":"A-1","qty":2}\n');
  });

  it('leaves the record as it is where the dataset has a key, or the record an _id', () => {
    expect(rowOf(record, ['code'])).toBe('{"qty":2}\n');
    expect(rowOf({ ...record, data: { _id: 7 } }, [])).toBe('{"_id":7}\n');
  });
});
