import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { filledPage } from './filled-page.ts';
import { readCursor } from './list-page.ts';

/** Numbers from 1 on, of which only those are shown that a divisor divides. */
function numbers(count: number, divisor: number) {
  const finds: number[] = [];
  const page = (limit: number, cursor?: string) =>
    filledPage<number, number>({
      limit,
      after: readCursor(z.number(), cursor),
      find: async (after = 0, wanted) => {
        finds.push(wanted);
        return Array.from({ length: Math.min(wanted, count - after) }, (_, index) => after + index + 1);
      },
      isShown: (item) => item % divisor === 0,
      keyOf: (item) => item,
    });
  return { page, finds };
}

async function allPages({ page }: ReturnType<typeof numbers>, limit: number) {
  const sizes: number[] = [];
  const items: number[] = [];
  for (let cursor: string | undefined; ;) {
    const { items: more, next } = await page(limit, cursor);
    sizes.push(more.length);
    items.push(...more);
    if (next === null) return { items, sizes };
    cursor = next;
  }
}

describe('a filled page', () => {
  it('takes one look where everything is shown', async () => {
    const all = numbers(10, 1);

    expect(await all.page(3)).toMatchObject({ items: [1, 2, 3] });
    expect(all.finds).toEqual([4]);
  });

  it.each([
    [1000, 7, 10],
    [1000, 7, 1],
    [142 * 7, 7, 142],
    [5, 7, 10],
    [0, 1, 10],
    [30_000, 9_999, 2],
  ])('shows of %i items every %i-th once, in pages of %i', async (count, divisor, limit) => {
    const { items } = await allPages(numbers(count, divisor), limit);

    expect(items).toEqual(Array.from({ length: Math.floor(count / divisor) }, (_, index) => (index + 1) * divisor));
  });

  it('is full but for the last one', async () => {
    const { sizes } = await allPages(numbers(1000, 7), 10);

    expect(sizes.slice(0, -1).every((size) => size === 10)).toBe(true);
  });

  it('ends short, with a cursor, rather than look at everything there is', async () => {
    const few = numbers(1_000_000, 999_999);

    const { items, next } = await few.page(10);

    expect(items).toEqual([]);
    expect(next).not.toBeNull();
    expect(few.finds.reduce((sum, wanted) => sum + wanted, 0)).toBeLessThan(11_000);
  });
});
