import { randomUUID } from 'node:crypto';
import type { EventContract } from '@keyport/contracts';
import { Schema } from 'mongoose';

/** An event that is stored with the change it tells of, in the same update, until the bus has it. */
export interface UntoldEvent {
  /** CloudEvents `id`. */
  readonly id: string;
  /** CloudEvents `type`. */
  readonly type: string;
  readonly time: Date;
  /** What the document itself may not say any more when the event is told. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A document that keeps its events in the order in which they happened. */
export interface WithUntold {
  readonly untold?: readonly UntoldEvent[];
}

/** For `$push: { untold: … }` of the update that makes it happen. */
export const untoldEvent = (event: EventContract, data?: UntoldEvent['data']): UntoldEvent => ({
  id: randomUUID(),
  type: event.type,
  time: new Date(),
  ...(data && { data }),
});

/**
 * For `$set: { untold: … }` of an update as a pipeline, where many documents change at once. The id is made from the
 * document's: for what happens to it once.
 */
export const withUntold = (event: EventContract, data?: UntoldEvent['data']) => ({
  $concatArrays: [
    { $ifNull: ['$untold', []] },
    [
      {
        id: { $concat: ['$_id', '/', event.type] },
        type: event.type,
        time: '$$NOW',
        ...(data && { data: { $literal: data } }),
      },
    ],
  ],
});

/** Gives a model's documents the field, and the index by which those with something untold are found. */
export function keepsUntold<Document extends WithUntold>(schema: Schema<Document>): void {
  schema.add({ untold: { type: [Schema.Types.Mixed], default: undefined } } as never);
  // Sparse: nothing is in it of documents that have told all, which are nearly all.
  schema.index({ 'untold.id': 1 }, { sparse: true });
}

/** Documents with something untold, in a form that the index answers. */
export const hasUntold = { 'untold.id': { $gt: '' } };
