import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { behind, requireSameFile } from './same-file.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const code = 'IDEMPOTENCY_FILE_DIFFERS';

async function* arriving(bytes: Buffer, partBytes: number) {
  for (let start = 0; start < bytes.length; start += partBytes) yield bytes.subarray(start, start + partBytes);
}

const sentBefore = (bytes: Buffer) => ({
  ...{ importId: 'i', length: bytes.length },
  digest: bytes.length === 0 ? null : sha256(bytes),
});

const files = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));

describe('behind', () => {
  it('passes on what was not sent before, however it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.nat(), fc.integer({ min: 1, max: 9 }), async (file, cut, partBytes) => {
        const length = cut % (file.length + 1);
        const prefix = createHash('sha256');

        const rest = behind(sentBefore(file.subarray(0, length)), arriving(file, partBytes), prefix);

        expect(Buffer.concat(await Array.fromAsync(rest))).toEqual(file.subarray(length));
        expect(prefix.digest('hex')).toBe(sha256(file.subarray(0, length)));
      }),
    );
  });

  it('refuses a file that differs in one byte before, or ends there, and passes nothing of it on', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.nat(), fc.integer({ min: 1, max: 9 }), async (file, which, partBytes) => {
        const changed = Buffer.from(file);
        changed[which % file.length] = (file[which % file.length] as number) ^ 1;
        const readAll = (body: Buffer) =>
          Array.fromAsync(behind(sentBefore(file), arriving(body, partBytes), createHash('sha256')));

        await expect(readAll(Buffer.concat([changed, file]))).rejects.toMatchObject({ code });
        await expect(readAll(file.subarray(0, -1))).rejects.toMatchObject({ code });
      }),
    );
  });
});

describe('requireSameFile', () => {
  const file = Buffer.from('{"a":1}\n{"a":2}\n');

  it('lets the same file pass', async () => {
    await expect(requireSameFile(sentBefore(file), arriving(file, 5))).resolves.toBeUndefined();
  });

  it.each([
    ['longer', Buffer.concat([file, Buffer.from('x')])],
    ['shorter', file.subarray(1)],
    ['other', Buffer.from(file.toString().replace('1', '3'))],
  ])('refuses one that is %s', async (_how, other) => {
    await expect(requireSameFile(sentBefore(file), arriving(other, 5))).rejects.toMatchObject({ code });
  });
});
