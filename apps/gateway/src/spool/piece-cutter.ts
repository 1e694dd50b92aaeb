import { maxPieceBytes } from '@keyport/contracts';
import { GrowingBuffer } from '../http/growing-buffer.ts';

/**
 * Cuts a byte stream, however it arrives, into pieces of exactly `pieceBytes`, the last one shorter. Whole pieces that are put
 * into `spare` are written over by later ones.
 */
export async function* cutPieces(
  source: AsyncIterable<Buffer>,
  pieceBytes = maxPieceBytes,
  spare: Buffer[] = [],
): AsyncGenerator<Buffer> {
  const piece = new GrowingBuffer(pieceBytes, spare);
  for await (let part of source) {
    while (part.length >= piece.room) {
      const { room } = piece;
      piece.append(part.subarray(0, room));
      part = part.subarray(room);
      yield piece.take();
    }
    piece.append(part);
  }
  if (piece.length > 0) yield piece.take();
}
