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

          const pieces = await Array.fromAsync(cutPieces(arriving(parts), { pieceBytes: size, quietMs: 60_000 }));

          expect(Buffer.concat(pieces)).toEqual(whole);
          expect(pieces.slice(0, -1).every(({ length }) => length === size)).toBe(true);
          expect(pieces.every(({ length }) => length > 0)).toBe(true);
        },
      ),
    );
  });

  it('uses the memory of pieces again that were given back, and of no others', async () => {
    const spare: Buffer[] = [];
    const held: Buffer[] = [];
    const seen: string[] = [];

    for await (const piece of cutPieces(arriving([Buffer.from('aabbccddeeffg')]), { pieceBytes: 2, spare })) {
      seen.push(piece.toString());
      // Every other one is still needed by somebody.
      if (seen.length % 2 === 0 && piece.length === 2) spare.push(piece);
      else held.push(piece);
    }

    expect(seen).toEqual(['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'g']);
    expect(held.map(String)).toEqual(['aa', 'cc', 'ee', 'g']);
    expect(spare).toEqual([]);
  });

  it('keeps nothing back of a body that pauses', async () => {
    let goOn: () => void = () => undefined;
    async function* slow() {
      yield Buffer.from('first');
      await new Promise<void>((resolve) => (goOn = resolve));
      yield Buffer.from('second');
    }

    const spare = [Buffer.alloc(5)];
    const pieces = cutPieces(slow(), { quietMs: 5, spare });
    const first = await pieces.next();
    expect(spare).toEqual([]);
    goOn();

    expect(String(first.value)).toBe('first');
    expect((await Array.fromAsync(pieces)).map(String)).toEqual(['second']);
  });

  it('throws what the body throws, behind what came before', async () => {
    async function* breaking() {
      yield Buffer.from('first');
      await Promise.resolve();
      throw new Error('broken off');
    }

    const pieces = cutPieces(breaking(), { quietMs: 60_000 });

    await expect(Array.fromAsync(pieces)).rejects.toThrow('broken off');
  });

  it('makes no piece of an empty body', async () => {
    expect(await Array.fromAsync(cutPieces(arriving([])))).toEqual([]);
  });
});
