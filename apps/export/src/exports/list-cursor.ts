import { jobId, KeyportError } from '@keyport/contracts';
import { z } from 'zod';

const shape = z.tuple([z.number().int().min(0).max(8.64e15), jobId]);

export interface ListPosition {
  readonly createdAt: Date;
  readonly id: string;
}

export const encodeListCursor = ({ createdAt, id }: ListPosition): string =>
  Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString('base64url');

/** Throws CURSOR_INVALID. */
export function decodeListCursor(cursor: string): ListPosition {
  try {
    const [createdAt, id] = shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return { createdAt: new Date(createdAt), id };
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
}
