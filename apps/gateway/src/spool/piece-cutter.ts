import { maxPieceBytes } from '@keyport/contracts';
import { GrowingBuffer } from '../http/growing-buffer.ts';

export interface Cutting {
  readonly pieceBytes?: number;
  /** A piece that nothing was added to for so long goes as it is: who sends slowly holds no memory. */
  readonly quietMs?: number;
  /** Whole pieces that nobody needs any more: later ones are written over them. Let go while nothing comes. */
  readonly spare?: Buffer[];
}

/** Cuts a byte stream, however it arrives, into pieces of `pieceBytes`; shorter where no more comes. */
export async function* cutPieces(
  source: AsyncIterable<Buffer>,
  { pieceBytes = maxPieceBytes, quietMs = Infinity, spare = [] }: Cutting = {},
): AsyncGenerator<Buffer> {
  const piece = new GrowingBuffer(pieceBytes, spare);
  const parts = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const coming = parts.next();
      if (quietMs < Infinity && (piece.length > 0 || spare.length > 0) && (await isQuiet(coming, quietMs))) {
        spare.splice(0);
        if (piece.length > 0) yield piece.take();
      }
      const arrived = await coming;
      if (arrived.done) break;
      let part = arrived.value;
      while (part.length >= piece.room) {
        const { room } = piece;
        piece.append(part.subarray(0, room));
        part = part.subarray(room);
        yield piece.take();
      }
      piece.append(part);
    }
    if (piece.length > 0) yield piece.take();
  } finally {
    await parts.return?.();
  }
}

/** True where nothing came within so long. A part that is there already costs no timer's turn. */
async function isQuiet(coming: Promise<unknown>, quietMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), quietMs);
  });
  // What it fails of is thrown where it is awaited.
  const came = coming.then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([came, quiet]);
  } finally {
    clearTimeout(timer);
  }
}
