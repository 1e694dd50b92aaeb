import type { z } from 'zod';

/** One kind of event that Keyport publishes. */
export interface EventContract<Data extends z.ZodType = z.ZodType> {
  /** CloudEvents `type`: `keyport.<entity>.<what became of it>`. */
  readonly type: string;
  /** NATS subject, `events.v1.<entity>.<what became of it>`. */
  readonly subject: string;
  /** One sentence for who may want to listen. */
  readonly summary: string;
  /** Neither secrets nor what is in records: everybody on the bus who may listen reads it. */
  readonly data: Data;
}

const typePrefix = 'keyport.';

export const defineEvent = <Data extends z.ZodType>(
  type: `keyport.${string}.${string}`,
  summary: string,
  data: Data,
): EventContract<Data> => ({ type, subject: `events.v1.${type.slice(typePrefix.length)}`, summary, data });
