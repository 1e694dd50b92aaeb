import { KeyportError } from '@keyport/contracts';

/** Ids of keys grow with time, so the id of the last one says where the next page begins. */
export const encodeCursor = (lastKeyId: string): string => Buffer.from(lastKeyId).toString('base64url');

/** Throws CURSOR_INVALID. */
export function decodeCursor(cursor: string): string {
  const keyId = Buffer.from(cursor, 'base64url').toString();
  if (!/^[0-9a-f]{24}$/.test(keyId)) throw new KeyportError('CURSOR_INVALID');
  return keyId;
}
