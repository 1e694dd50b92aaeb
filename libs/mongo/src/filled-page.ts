import { cursorOf, listPage, type ListPage } from './list-page.ts';

export interface Filling<Item, Key extends string | number> {
  readonly limit: number;
  /** Sort key that the page begins behind. */
  readonly after: Key | undefined;
  /** The next items behind a key, in order, at most `limit`. */
  readonly find: (after: Key | undefined, limit: number) => Promise<readonly Item[]>;
  readonly isShown: (item: Item) => boolean;
  readonly keyOf: (item: Item) => Key;
}

/** Items that one page looks at; behind them it ends, with fewer items than asked for and a cursor to go on with. */
const maxLooked = 10_000;
const minBatch = 100;

/**
 * One page of a list whose last condition no query can express: what is not shown is passed over, and the page filled with
 * what follows. A page with fewer items than `limit` is the last one where `next` is null.
 */
export async function filledPage<Item, Key extends string | number>(
  filling: Filling<Item, Key>,
): Promise<ListPage<Item>> {
  const { limit, find, isShown, keyOf } = filling;
  const shown: Item[] = [];
  let { after } = filling;
  for (let looked = 0; ;) {
    // The first look is all that is needed where everything is shown.
    const wanted = looked === 0 ? limit + 1 : Math.max(limit + 1 - shown.length, minBatch);
    const found = await find(after, wanted);
    shown.push(...found.filter(isShown));
    const last = found.at(-1);
    if (shown.length > limit || found.length < wanted || last === undefined) return listPage(shown, limit, keyOf);
    after = keyOf(last);
    looked += found.length;
    if (looked >= maxLooked) return { items: shown, next: cursorOf(after) };
  }
}
