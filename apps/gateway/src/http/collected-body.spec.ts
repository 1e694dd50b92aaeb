import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { collectedBody } from './collected-body.ts';

const maxBytes = 1_000_000;
const collected = (body: AsyncIterable<Buffer>, withinMs = 60_000) => collectedBody(body, maxBytes, withinMs);
const of = (...parts: Buffer[]) => Readable.from(parts);

describe('collectedBody', () => {
  it('takes a body that is short as it is', async () => {
    expect(await collected(of(Buffer.from('a'), Buffer.from('bc')))).toEqual({
      bytes: Buffer.from('abc'),
      isWhole: true,
    });
    expect(await collected(of())).toEqual({ bytes: Buffer.alloc(0), isWhole: true });
    expect(await collected(of(Buffer.alloc(maxBytes)))).toMatchObject({ isWhole: true });
  });

  it('stops reading a longer one, and says so', async () => {
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 1;
        yield await Promise.resolve(Buffer.alloc(400_000, read));
      }
    }

    const { bytes, isWhole } = await collected(endless());

    expect(isWhole).toBe(false);
    expect(bytes).toHaveLength(maxBytes);
    expect(bytes[maxBytes - 1]).toBe(3);
    expect(read).toBe(3);
  });

  it('tells a body that breaks off from one that never comes', async () => {
    const broken = new Readable({ read: () => undefined });
    const silent = new Readable({ read: () => undefined });
    broken.destroy(new Error('gone'));

    await expect(collected(broken)).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
    await expect(collected(silent, 20)).rejects.toMatchObject({ code: 'BODY_TOO_SLOW' });
  });
});
