import { maxPieceBytes } from '@keyport/contracts';

/** Cuts a byte stream, however it arrives, into pieces of exactly `maxPieceBytes`, the last one shorter. */
export async function* cutPieces(source: AsyncIterable<Buffer>, pieceBytes = maxPieceBytes): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (let part of source) {
    while (length + part.length >= pieceBytes) {
      const head = part.subarray(0, pieceBytes - length);
      yield Buffer.concat([...parts, head], pieceBytes);
      part = part.subarray(head.length);
      parts = [];
      length = 0;
    }
    if (part.length > 0) parts.push(part);
    length += part.length;
  }
  if (length > 0) yield Buffer.concat(parts, length);
}
