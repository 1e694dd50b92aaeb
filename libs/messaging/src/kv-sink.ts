import type { StoredMessage } from './stored-message.ts';

/** An entry as it was stored. */
export type KvMessage = Pick<StoredMessage, 'data' | 'time'>;

/** Where a {@link KvFollower} puts what it reads. No method may throw: that would end the reading. */
export interface KvSink {
  /** A reading of the whole bucket begins; until its end, what was held goes on to hold. */
  beginReading(): void;
  put(key: string, message: KvMessage): void;
  remove(key: string): void;
  /** The whole bucket was read: what the reading has not shown is no longer there. */
  endReading(): void;
  /** Now and then: entries may go whose time is over. */
  tidy?(): void;
}
