import { DecompressionError, decompressorFor, windowBytes, type PackedPiece, type UnpackedPiece } from '@keyport/codec';
import { KeyportError, type ContentEncoding, type ErrorParams } from '@keyport/contracts';

/**
 * An upload unpacked as it comes. Throws DECOMPRESSION_FAILED, DECOMPRESSION_RATIO and DECOMPRESSION_WINDOW, and whatever
 * `pieces` throw.
 */
export async function* unpacked(
  pieces: AsyncIterable<PackedPiece>,
  encoding: ContentEncoding,
  maxRatio: number,
): AsyncGenerator<UnpackedPiece> {
  try {
    yield* decompressorFor(encoding)(pieces, { maxRatio });
  } catch (error) {
    if (!(error instanceof DecompressionError)) throw error;
    const params: Record<typeof error.code, ErrorParams> = {
      DECOMPRESSION_FAILED: {},
      DECOMPRESSION_RATIO: { ratio: maxRatio },
      DECOMPRESSION_WINDOW: { encoding, limitBytes: windowBytes[encoding] },
    };
    throw new KeyportError(error.code, params[error.code], { cause: error });
  }
}

/** Leaves out the first `count` bytes. */
export async function* skip(parts: AsyncIterable<UnpackedPiece>, count: number): AsyncGenerator<UnpackedPiece> {
  let left = count;
  for await (const { bytes, processed } of parts) {
    const skipped = Math.min(left, bytes.length);
    left -= skipped;
    if (skipped < bytes.length) yield { bytes: bytes.subarray(skipped), processed };
  }
}
