import { hash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { GrowingBuffer } from '../http/growing-buffer.ts';
import { maxCheckedBytes, type Checksum } from './tus-headers.ts';

/** Bodies with a checksum that are held at once, so that all together stay under 48 MiB; others wait unread. */
const maxHeld = 3;
/** Milliseconds for such a body to arrive, for it keeps others waiting. */
const arrivalMs = 60_000;

/** Holds a body until all of it is there and known to be what its checksum says: nothing of a wrong one is published. */
@Injectable()
export class CheckedBodies {
  private held = 0;
  private readonly waiting: (() => void)[] = [];

  /** Runs `use` with the body. Throws BODY_TOO_LARGE, BODY_TOO_SLOW, UPLOAD_INCOMPLETE and UPLOAD_CHECKSUM. */
  async with<Result>(
    body: AsyncIterable<Buffer>,
    checksum: Checksum,
    use: (body: Buffer) => Promise<Result>,
  ): Promise<Result> {
    if (this.held >= maxHeld) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.held += 1;
    try {
      const bytes = await collect(body);
      if (!hash(checksum.algorithm, bytes, 'buffer').equals(checksum.digest)) throw new KeyportError('UPLOAD_CHECKSUM');
      return await use(bytes);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.held -= 1;
    }
  }
}

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const collected = new GrowingBuffer(maxCheckedBytes);
  const parts = body[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new KeyportError('BODY_TOO_SLOW', { seconds: arrivalMs / 1000 })), arrivalMs);
  });
  try {
    for (;;) {
      const next = await Promise.race([parts.next(), tooSlow]);
      if (next.done) return collected.take();
      if (next.value.length > collected.room) throw new KeyportError('BODY_TOO_LARGE', { limitBytes: maxCheckedBytes });
      collected.append(next.value);
    }
  } catch (cause) {
    if (cause instanceof KeyportError) throw cause;
    throw new KeyportError('UPLOAD_INCOMPLETE', { received: collected.length }, { cause });
  } finally {
    clearTimeout(timer);
  }
}
