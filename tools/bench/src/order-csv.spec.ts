import { describe, expect, it } from '@jest/globals';
import { randomFrom } from '@keyport/testing';
import { RowDigest } from './children/row-digest.ts';
import { flatOrder, orderCsv } from './order-csv.ts';

describe('orderCsv', () => {
  it('quotes the notes, which hold a comma, and leaves empty ones empty', () => {
    const random = randomFrom(42);
    const orders = Array.from({ length: 50 }, (_, index) => flatOrder(index, random));

    for (const { document, line } of orders) {
      expect(line.split(',')).toHaveLength(document.note === '' ? 11 : 12);
      expect(line.includes(`"${document.note}"`)).toBe(document.note !== '');
    }
    expect(new Set(orders.map(({ document }) => document.note === '')).size).toBe(2);
  });

  it('gives as many rows as were asked for under one header, and the digest of their documents', () => {
    const { parts, digest } = orderCsv(2_500, 7);
    const lines = Buffer.concat([...parts])
      .toString('utf8')
      .trimEnd()
      .split('\n');

    const random = randomFrom(7);
    const expected = new RowDigest();
    const rows = Array.from({ length: 2_500 }, (_, index) => flatOrder(index, random));
    for (const { document } of rows) expected.add(JSON.stringify(document));
    expect(lines.slice(1)).toEqual(rows.map(({ line }) => line));
    expect(lines[0]).toContain('placedAt.date()');
    expect([digest.rows, digest.sum]).toEqual([2_500, expected.sum]);
  });
});
