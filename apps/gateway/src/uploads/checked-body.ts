import { hash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { collectedBody } from '../http/collected-body.ts';
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
      const { bytes, isWhole } = await collectedBody(body, maxCheckedBytes, arrivalMs);
      if (!isWhole) throw new KeyportError('BODY_TOO_LARGE', { limitBytes: maxCheckedBytes });
      if (!hash(checksum.algorithm, bytes, 'buffer').equals(checksum.digest)) throw new KeyportError('UPLOAD_CHECKSUM');
      return await use(bytes);
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.held -= 1;
    }
  }
}
