import { describe, expect, it } from '@jest/globals';
import type { RejectedRow } from '@keyport/contracts';
import { describable, keepDetails } from './reject-details.ts';

const row = (number: number, some: Partial<RejectedRow> = {}): RejectedRow => ({
  ...{ row: number, line: number, byteOffset: 0, code: 'A', message: 'wrong', raw: 'x', rawComplete: true },
  ...some,
});

describe('details of rejected rows', () => {
  it('are kept of the first rows, up to a number of them in all', () => {
    const rows = [1, 2, 3, 4].map((number) => row(number));

    const first = keepDetails(rows, { rows: 0, bytes: 0 }, { rows: 6, bytes: 1e6 });
    const second = keepDetails(rows, first.kept, { rows: 6, bytes: 1e6 });
    const third = keepDetails(rows, second.kept, { rows: 6, bytes: 1e6 });

    expect([first, second, third].map(({ details }) => details.map((one) => one.row))).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [],
    ]);
    expect(third.kept.rows).toBe(6);
  });

  it('are kept up to a number of bytes, and of no row behind the first that has no room', () => {
    const long = { raw: 'ä'.repeat(5_000) };
    const rows = [row(1, long), row(2, long), row(3), row(4)];

    const { details, kept } = keepDetails(rows, { rows: 0, bytes: 0 }, { rows: 100, bytes: 15_000 });

    expect(details.map((one) => one.row)).toEqual([1, 2]);
    expect(kept.bytes).toBeGreaterThan(20_000);
    expect(keepDetails([row(5)], kept, { rows: 100, bytes: 15_000 }).details).toEqual([]);
  });

  it('hold no more of a path and a message than is documented, and say that they are cut', () => {
    const whole = row(1, { path: 'a.b' });
    const cut = describable(row(1, { path: '😀'.repeat(2_000_000), message: 'm'.repeat(3_000) }));

    expect(describable(whole)).toBe(whole);
    expect(cut.path).toBe(`${'😀'.repeat(128)}…`);
    expect(cut.message).toBe(`${'m'.repeat(1_000)}…`);
    expect(describable(row(1, { path: `x${'😀'.repeat(200)}` })).path?.isWellFormed()).toBe(true);
  });
});
