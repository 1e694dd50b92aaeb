import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { maxSampleBytes } from '@keyport/contracts';
import { sampleOf } from './sample.ts';

const of = (...parts: Buffer[]) => Readable.from(parts);

describe('sampleOf', () => {
  it('takes a body that is short as it is', async () => {
    expect(await sampleOf(of(Buffer.from('a'), Buffer.from('bc')))).toEqual({
      sample: Buffer.from('abc'),
      isWhole: true,
    });
    expect(await sampleOf(of())).toEqual({ sample: Buffer.alloc(0), isWhole: true });
    expect(await sampleOf(of(Buffer.alloc(maxSampleBytes)))).toMatchObject({ isWhole: true });
  });

  it('stops reading a longer one, and says so', async () => {
    let read = 0;
    async function* endless() {
      for (;;) {
        read += 1;
        yield await Promise.resolve(Buffer.alloc(400_000, read));
      }
    }

    const { sample, isWhole } = await sampleOf(endless());

    expect(isWhole).toBe(false);
    expect(sample).toHaveLength(maxSampleBytes);
    expect(sample[maxSampleBytes - 1]).toBe(3);
    expect(read).toBe(3);
  });

  it('tells a body that breaks off from one that never comes', async () => {
    const broken = new Readable({ read: () => undefined });
    const silent = new Readable({ read: () => undefined });
    broken.destroy(new Error('gone'));

    await expect(sampleOf(broken)).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
    await expect(sampleOf(silent, 20)).rejects.toMatchObject({ code: 'BODY_TOO_SLOW' });
  });
});
