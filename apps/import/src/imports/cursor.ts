import { KeyportError } from '@keyport/contracts';
import type { z } from 'zod';

/** A page cursor is the sort key of the last item, as text that callers need not understand. */
export const cursorOf = (lastKey: string | number): string =>
  Buffer.from(JSON.stringify(lastKey)).toString('base64url');

/** Throws CURSOR_INVALID where the text is none of ours. */
export function readCursor<Key>(key: z.ZodType<Key>, cursor: string | undefined): Key | undefined {
  if (cursor === undefined) return undefined;
  try {
    return key.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}
