import { KeyportError } from '@keyport/contracts';
import { decodePosition, encodePosition, type Position } from '../reading/position.ts';

export const encodeCursor = (at: Position): string => Buffer.from(encodePosition(at)).toString('base64url');

/**
 * The position in a cursor. It is not signed, and holds no rights: whoever changes one, or goes on with another's, can only
 * ask for what their own rights, row and field limits included, give them anyway. Throws CURSOR_INVALID where it is not one of ours, or of another dataset.
 */
export function decodeCursor(cursor: string, dataset: string): Position {
  let at: Position;
  try {
    at = decodePosition(decodeCanonical(cursor));
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
  if (at.dataset !== dataset) throw new KeyportError('CURSOR_INVALID');
  return at;
}

function decodeCanonical(text: string): Buffer {
  const decoded = Buffer.from(text, 'base64url');
  if (decoded.toString('base64url') !== text) throw new Error('not canonical base64url');
  return decoded;
}
