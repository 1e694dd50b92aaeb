import { describe, expect, it } from '@jest/globals';
import type { RejectedRow } from '@keyport/contracts';
import fc from 'fast-check';
import { addGroups, bySize, groupsOf, maxGroups, noRejects, rejectedIn } from './reject-groups.ts';

const rejected = (row: number, code: string, path?: string): RejectedRow => ({
  ...{ row, line: row, byteOffset: 0, code, message: '', raw: '', rawComplete: true },
  ...(path !== undefined && { path }),
});

describe('groups of rejected rows', () => {
  it('are by code and path, each with its first row', () => {
    const rows = [rejected(3, 'A', 'x'), rejected(5, 'A', 'y'), rejected(6, 'A', 'x'), rejected(9, 'B')];

    expect(groupsOf(rows)).toEqual([
      { code: 'A', path: 'x', count: 2, firstRow: 3 },
      { code: 'A', path: 'y', count: 1, firstRow: 5 },
      { code: 'B', count: 1, firstRow: 9 },
    ]);
  });

  it('are as many as are kept at most; the rest is counted as one, exactly', () => {
    const rows = Array.from({ length: 5_000 }, (_, n) => rejected(n + 1, 'A', `field-${n}`));

    const totals = addGroups(noRejects, groupsOf(rows));
    const more = addGroups(totals, groupsOf([rejected(6_000, 'A', 'field-7'), rejected(6_001, 'A', 'field-4000')]));

    expect(totals.groups).toHaveLength(maxGroups);
    expect(totals.other).toEqual({ count: 4_900, firstRow: 101 });
    expect(more.groups).toContainEqual({ code: 'A', path: 'field-7', count: 2, firstRow: 8 });
    expect(more.other).toEqual({ count: 4_901, firstRow: 101 });
    expect(rejectedIn(more)).toBe(5_002);
  });

  it('add up to the rows, however these come in chunks', () => {
    const row = fc.record({ code: fc.constantFrom('A', 'B'), path: fc.option(fc.nat(300).map(String)) });
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 80 }), { maxLength: 12 }), (chunks) => {
        let number = 0;
        let totals = noRejects;
        for (const chunk of chunks) {
          const rows = chunk.map(({ code, path }) => rejected((number += 1), code, path ?? undefined));
          totals = addGroups(totals, groupsOf(rows));
        }

        expect(rejectedIn(totals)).toBe(number);
        const firsts = totals.groups.map(({ firstRow }) => firstRow);
        expect(firsts).toEqual([...firsts].sort((one, other) => one - other));
        if (totals.other) expect(totals.other.firstRow).toBeGreaterThan(firsts.at(-1) ?? 0);
      }),
    );
  });

  it('are told the largest first', () => {
    const groups = [1, 5, 5, 2].map((count, at) => ({ code: 'A', path: String(at), count, firstRow: 10 - at }));

    expect([...groups].sort(bySize).map(({ path }) => path)).toEqual(['2', '1', '3', '0']);
  });
});
