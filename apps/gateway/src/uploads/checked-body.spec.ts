import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { CheckedBodies } from './checked-body.ts';
import { maxCheckedBytes } from './tus-headers.ts';

async function* arriving(...parts: Buffer[]) {
  yield* parts;
}

const part = Buffer.from('some bytes');
const checksum = { algorithm: 'sha1', digest: hash('sha1', part, 'buffer') };

describe('CheckedBodies', () => {
  it('hands a body on once it is whole and right', async () => {
    const used = await new CheckedBodies().with(
      arriving(part.subarray(0, 4), part.subarray(4)),
      checksum,
      async (body) => body.toString(),
    );

    expect(used).toBe('some bytes');
  });

  it('hands on nothing of one that is wrong, too large or broken off', async () => {
    const bodies = new CheckedBodies();
    let used = 0;
    const codeOf = (body: AsyncIterable<Buffer>) =>
      bodies.with(body, checksum, async () => (used += 1)).catch(({ code }: { code: string }) => code);
    const broken = async function* () {
      yield part;
      throw new Error('aborted');
    };

    const codes = [
      await codeOf(arriving(Buffer.from('other'))),
      await codeOf(arriving(Buffer.alloc(maxCheckedBytes), part)),
      await codeOf(broken()),
    ];

    expect(codes).toEqual(['UPLOAD_CHECKSUM', 'BODY_TOO_LARGE', 'UPLOAD_INCOMPLETE']);
    expect(used).toBe(0);
  });

  it('holds three at once, and takes the next when one is done', async () => {
    const bodies = new CheckedBodies();
    const release: (() => void)[] = [];
    const all = Array.from({ length: 5 }, () =>
      bodies.with(arriving(part), checksum, () => new Promise<void>((resolve) => release.push(resolve))),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const atFirst = release.length;

    while (release.length > 0) {
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(atFirst).toBe(3);
    await expect(Promise.all(all)).resolves.toHaveLength(5);
  });
});
