import { KeyportError } from '@keyport/contracts';
import { GrowingBuffer } from './growing-buffer.ts';

export interface CollectedBody {
  readonly bytes: Buffer;
  /** The body had no more bytes. */
  readonly isWhole: boolean;
}

/**
 * The first bytes of a body, of which no more is read; a slow sender must not hold them for ever. Throws UPLOAD_INCOMPLETE
 * and BODY_TOO_SLOW.
 */
export async function collectedBody(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  withinMs: number,
): Promise<CollectedBody> {
  const collected = new GrowingBuffer(maxBytes);
  const parts = body[Symbol.asyncIterator]();
  const late = Promise.withResolvers<never>();
  const expire = () => late.reject(new KeyportError('BODY_TOO_SLOW', { seconds: withinMs / 1000 }));
  const timer = setTimeout(expire, withinMs);
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), late.promise]);
      if (next.done) return { bytes: collected.take(), isWhole: true };
      const fits = next.value.length <= collected.room;
      collected.append(next.value.subarray(0, collected.room));
      if (fits) continue;
      await parts.return?.();
      return { bytes: collected.take(), isWhole: false };
    }
  } catch (cause) {
    if (cause instanceof KeyportError) throw cause;
    throw new KeyportError('UPLOAD_INCOMPLETE', { received: collected.length }, { cause });
  } finally {
    clearTimeout(timer);
  }
}
