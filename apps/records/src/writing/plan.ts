import type { ReplyOf, WriteRejection, writeRecords } from '@keyport/contracts';

export type WriteReply = ReplyOf<typeof writeRecords>;

/** One statement: a new document, or new content for the stored document that has its `_id`. */
export interface Operation {
  readonly kind: 'insert' | 'replace';
  /** Which row of the chunk it comes from; the last one where several were joined. */
  readonly row: number;
  /** The whole document, ready to be stored. */
  readonly document: Buffer;
}

/** What a chunk does, decided before anything is written. */
export interface Plan {
  /** In the order in which they must run. */
  readonly operations: readonly Operation[];
  readonly reply: WriteReply;
}

export type Refusals = ReadonlyMap<number, WriteRejection>;

/** Every row is new: for rows that no stored record can meet. */
export function planBlindly(count: number, refused: Refusals): WriteReply {
  return { inserted: count - refused.size, updated: 0, unchanged: 0, deleted: 0, rejected: inOrder(refused.values()) };
}

export const inOrder = (rejections: Iterable<WriteRejection>): WriteRejection[] =>
  [...rejections].sort((one, other) => one.index - other.index);

export const duplicateKey = (index: number, fields: readonly string[]): WriteRejection => ({
  index,
  code: 'DUPLICATE_KEY',
  message: `Another record has the same ${fields.join(', ')}.`,
  path: fields.join(','),
});
