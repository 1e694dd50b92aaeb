import { datasetName, KeyportError } from '@keyport/contracts';

export const cursorOf = (name: string): string => Buffer.from(name).toString('base64url');

/** The name that a page begins behind. Throws CURSOR_INVALID. */
export function nameOfCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const { success, data } = datasetName.safeParse(Buffer.from(cursor, 'base64url').toString());
  if (!success) throw new KeyportError('CURSOR_INVALID');
  return data;
}
