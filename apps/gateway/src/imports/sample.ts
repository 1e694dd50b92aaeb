import { KeyportError, maxSampleBytes } from '@keyport/contracts';
import { GrowingBuffer } from '../http/growing-buffer.ts';

export interface Sample {
  readonly sample: Buffer;
  /** The body had no more bytes. */
  readonly isWhole: boolean;
}

/** Milliseconds for a sample to arrive: a slow sender must not hold a megabyte for ever. */
const sampleMs = 60_000;

/** The first bytes of a body, of which no more is read. Throws UPLOAD_INCOMPLETE and BODY_TOO_SLOW. */
export async function sampleOf(body: AsyncIterable<Buffer>, timeoutMs = sampleMs): Promise<Sample> {
  const sample = new GrowingBuffer(maxSampleBytes);
  const parts = body[Symbol.asyncIterator]();
  const deadline = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const next = await nextOf(parts, deadline, sample.length);
    if (next.done) return { sample: sample.take(), isWhole: true };
    const fits = next.value.length <= sample.room;
    sample.append(next.value.subarray(0, sample.room));
    if (fits) continue;
    await parts.return?.();
    return { sample: sample.take(), isWhole: false };
  }
}

async function nextOf(
  parts: AsyncIterator<Buffer>,
  deadline: AbortSignal,
  received: number,
): Promise<IteratorResult<Buffer, unknown>> {
  const late = Promise.withResolvers<never>();
  const expire = () => late.reject(new KeyportError('BODY_TOO_SLOW', { seconds: sampleMs / 1000 }));
  deadline.addEventListener('abort', expire, { once: true });
  try {
    const arrival = parts.next().catch((cause: unknown) => {
      throw new KeyportError('UPLOAD_INCOMPLETE', { received }, { cause });
    });
    // Nobody listens any more to what comes too late.
    arrival.catch(() => undefined);
    return await Promise.race([arrival, late.promise]);
  } finally {
    deadline.removeEventListener('abort', expire);
  }
}
