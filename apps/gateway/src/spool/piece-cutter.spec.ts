import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cutPieces } from './piece-cutter.ts';

async function* arriving(parts: readonly Uint8Array[]) {
  for (const part of parts) yield Buffer.from(part);
}

describe('cutPieces', () => {
  it('makes the same pieces however the bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 1, max: 16 }),
        async (parts, size) => {
          const whole = Buffer.concat(parts);

          const pieces = await Array.fromAsync(cutPieces(arriving(parts), size));

          expect(Buffer.concat(pieces)).toEqual(whole);
          expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true);
          expect(pieces.every(({ length }) => length > 0)).toBe(true);
        },
      ),
    );
  });

  it('makes no piece of an empty body', async () => {
    expect(await Array.fromAsync(cutPieces(arriving([])))).toEqual([]);
  });
});
