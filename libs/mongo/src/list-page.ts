import { KeyportError } from '@keyport/contracts';

export interface ListPage<Item> {
  readonly items: Item[];
  /** Cursor of the next page; null on the last. */
  readonly next: string | null;
}

/**
 * One page of what a sorted query found when asked for `limit` + 1. The cursor is the sort key of the last item (a string
 * or a number), as text that callers need not understand.
 */
export function listPage<Item>(
  found: readonly Item[],
  limit: number,
  keyOf: (item: Item) => string | number,
): ListPage<Item> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items, next: null };
  return { items, next: cursorOf(keyOf(last)) };
}

/** A sort key as a cursor. */
export const cursorOf = (key: string | number): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** The sort key that a page begins behind, checked by its zod schema. Throws CURSOR_INVALID where it is none of ours. */
export function readCursor<Key>(key: { parse(value: unknown): Key }, cursor: string | undefined): Key | undefined {
  if (cursor === undefined) return undefined;
  try {
    return key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}
