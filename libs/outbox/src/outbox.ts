import type { mongo } from 'mongoose';
import type { UntoldEvent, WithUntold } from './untold-event.ts';

/** What the world is told of an event. */
export interface Told {
  /** Id of what it happened to: CloudEvents `subject`. */
  readonly subject: string;
  readonly data: unknown;
}

/** A collection whose documents keep events that are not told yet. */
export interface Outbox<Document extends WithUntold = WithUntold> {
  readonly collection: mongo.Collection;
  /** Fields that `present` reads; all where it is not given. */
  readonly fields?: readonly (keyof Document & string)[];
  /** Undefined where nobody is told. */
  readonly present: (document: Document, event: UntoldEvent) => Told | undefined;
  /** Its documents hold nothing but untold events: they go with the last of them. */
  readonly isOnlyOutbox?: boolean;
  /** Events that lie there, under the same `_id`, happened before those that lie here. */
  readonly after?: mongo.Collection;
}

/** Asked at each look: which outboxes there are may change. */
export type Outboxes = () => Promise<readonly Outbox[]>;

/** Injection token of {@link Outboxes}. */
export const OUTBOXES = Symbol('OUTBOXES');

/** Lets `present` name the type of its documents. */
export const outbox = <Document extends WithUntold>(made: Outbox<Document>): Outbox => made as unknown as Outbox;
