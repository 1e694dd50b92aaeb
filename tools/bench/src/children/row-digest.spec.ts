import { describe, expect, it } from '@jest/globals';
import { RowDigest } from './row-digest.ts';

const digestOf = (...rows: object[]): RowDigest => {
  const digest = new RowDigest();
  for (const row of rows) digest.add(JSON.stringify(row));
  return digest;
};

const first = { orderId: 'order-1', total: 1.5, placedAt: { $date: '2024-01-02T03:04:05.000Z' } };
const second = { orderId: 'order-2', total: 2.5, placedAt: { $date: '2024-01-02T03:04:06.789Z' } };

describe('RowDigest', () => {
  it('is the same in any order, with an _id and with another spelling of a date', () => {
    const returned = { ...first, placedAt: '2024-01-02T03:04:05Z', _id: 'any' };

    expect(digestOf(second, returned)).toEqual(digestOf(first, second));
  });

  it.each([
    ['a value', { ...first, total: 1.25 }],
    ['a moment', { ...first, placedAt: '2024-01-02T03:04:05.001Z' }],
    ['a type', { ...first, total: '1.5' }],
    ['a further field', { ...first, note: null }],
  ])('differs where %s differs', (_what, changed) => {
    expect(digestOf(changed).sum).not.toBe(digestOf(first).sum);
  });

  it('differs where one row came twice and another not at all', () => {
    expect(digestOf(first, first).sum).not.toBe(digestOf(first, second).sum);
  });
});
