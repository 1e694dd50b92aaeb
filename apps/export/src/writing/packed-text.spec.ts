import { describe, expect, it } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import { unpackZstd } from '@keyport/testing';
import fc from 'fast-check';
import { memberBytes, TextPacker } from './packed-text.ts';

const unpack = { none: (bytes: Uint8Array) => bytes, gzip: gunzipSync, zstd: unpackZstd };

/** Text of three members and a bit, the same each time. */
const text = Buffer.from(Array.from({ length: 250_000 }, (_, n) => `row ${n * 7919}\n`).join(''));

type Compression = keyof typeof unpack;
interface Step {
  readonly length: number;
  /** What the text so far makes is stored, and another process goes on. */
  readonly isTaken: boolean;
}

async function fileOf(compression: Compression, steps: readonly Step[], whole: Uint8Array = text): Promise<Buffer> {
  const stored: Uint8Array[] = [];
  let packer = new TextPacker(compression);
  let at = 0;
  for (const { length, isTaken } of steps) {
    packer.add(whole.subarray(at, at + length));
    at += length;
    if (!isTaken) continue;
    const { pieces, tail } = packer.take();
    stored.push(...(await pieces));
    expect(tail.length).toBeLessThan(memberBytes);
    packer = new TextPacker(compression, tail);
  }
  packer.add(whole.subarray(at));
  stored.push(...(await packer.end(Buffer.concat(stored).length === 0)));
  return Buffer.concat(stored);
}

describe('the bytes of a file', () => {
  it.each<Compression>(['none', 'gzip', 'zstd'])('are text again once they are unpacked: %s', async (compression) => {
    expect(text.length).toBeGreaterThan(3 * memberBytes);

    const file = await fileOf(compression, []);

    expect(Buffer.compare(unpack[compression](file), text)).toBe(0);
    expect(file.equals(text)).toBe(compression === 'none');
  });

  it.each<Compression>(['none', 'gzip', 'zstd'])(
    'are the same however the text comes, and whoever goes on with it: %s',
    async (compression) => {
      const whole = await fileOf(compression, []);
      const step = fc.record({ length: fc.integer({ min: 0, max: memberBytes * 2 }), isTaken: fc.boolean() });
      const exact = fc.constantFrom({ length: memberBytes, isTaken: true }, { length: memberBytes, isTaken: false });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.oneof(step, exact), { maxLength: 6 }), async (steps) => {
          expect((await fileOf(compression, steps)).equals(whole)).toBe(true);
        }),
        { numRuns: 6 },
      );
    },
  );

  it.each(['gzip', 'zstd'] as const)(
    'are a whole file of %s also of no text, and of exactly one member',
    async (compression) => {
      const empty = await fileOf(compression, [{ length: 0, isTaken: true }], Buffer.alloc(0));
      const one = text.subarray(0, memberBytes);
      const taken = await fileOf(compression, [{ length: memberBytes, isTaken: true }], one);

      expect(unpack[compression](empty)).toHaveLength(0);
      expect(Buffer.compare(unpack[compression](taken), one)).toBe(0);
      expect(taken.equals(await fileOf(compression, [], one))).toBe(true);
    },
  );
});
