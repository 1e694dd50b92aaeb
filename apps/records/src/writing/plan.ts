import type { ReplyOf, WriteRejection, writeRecords } from '@keyport/contracts';

export type WriteReply = ReplyOf<typeof writeRecords>;

/** One statement: a new document, new content for the stored document that has its `_id`, or the end of that document. */
export interface Operation {
  readonly kind: 'insert' | 'replace' | 'delete';
  /** Which row of the chunk it comes from; the last one where several were joined. */
  readonly row: number;
  /** The whole document, ready to be stored; of a deleted one `_id` alone. */
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
  return { ...noCounts, inserted: count - refused.size, rejected: inOrder(refused.values()) };
}

export const noCounts = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, skipped: 0 } as const;

export const inOrder = (rejections: Iterable<WriteRejection>): WriteRejection[] =>
  [...rejections].sort((one, other) => one.index - other.index);

export const tooLarge = (index: number): WriteRejection => ({
  index,
  code: 'ROW_TOO_LARGE',
  message: 'The record would be larger than 16 MB.',
});

export const duplicateKey = (index: number, fields: readonly string[]): WriteRejection => ({
  index,
  code: 'DUPLICATE_KEY',
  message: `Another record has the same ${fields.join(', ')}.`,
  path: fields.join(','),
});
