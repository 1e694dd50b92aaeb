import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { KeyportError } from '@keyport/contracts';
import type { Stretch } from './spool-reader.ts';

/** Decoded bytes of an upload, in order. */
export interface Decoded {
  readonly bytes: Uint8Array;
  /** Bytes of the upload as sent that these and all before them were made from. */
  readonly processed: number;
}

/** Bytes of one step of unpacking: small, so that a bomb is noticed early and turns stay short. */
const stepBytes = 256 * 1024;

/**
 * Bytes that every upload may unpack to, however small it is. Memory is bounded anyway; the ratio only ends a bomb that
 * would keep a process busy, and 32 MiB take a tenth of a second.
 */
export const freeBytes = 32 * 1024 * 1024;

/**
 * Unpacks gzip as it comes (RFC 1952, several members too). Throws DECOMPRESSION_FAILED where it is broken or ends
 * early, and DECOMPRESSION_RATIO where it unpacks to more than `maxRatio` times its size (gzip's limit is 1032; text
 * reaches 5 to 50).
 */
export async function* gunzip(stretches: AsyncIterable<Stretch>, maxRatio: number): AsyncGenerator<Decoded> {
  let processed = 0;
  let decoded = 0;
  async function* packed() {
    for await (const { bytes, offset } of stretches) {
      processed = offset + bytes.length;
      yield bytes;
    }
  }
  const unpacked = createGunzip({ chunkSize: stepBytes });
  // The loop below sees every failure; without a callback `pipeline` would throw it a second time.
  pipeline(Readable.from(packed(), { highWaterMark: 1 }), unpacked, () => undefined);
  try {
    for await (const bytes of unpacked as AsyncIterable<Uint8Array>) {
      decoded += bytes.length;
      if (decoded > freeBytes && decoded > processed * maxRatio) {
        throw new KeyportError('DECOMPRESSION_RATIO', { ratio: maxRatio });
      }
      yield { bytes, processed };
    }
  } catch (error) {
    throw isZlibError(error) ? new KeyportError('DECOMPRESSION_FAILED', {}, { cause: error }) : error;
  }
}

/** zlib's own codes (Node.js, "zlib constants"). */
const isZlibError = (error: unknown) => String((error as { code?: unknown }).code).startsWith('Z_');

/** Bytes that need no unpacking. */
export async function* identity(stretches: AsyncIterable<Stretch>): AsyncGenerator<Decoded> {
  for await (const { bytes, offset } of stretches) yield { bytes, processed: offset + bytes.length };
}

/** Leaves out the first `count` bytes. */
export async function* skip(parts: AsyncIterable<Decoded>, count: number): AsyncGenerator<Decoded> {
  let left = count;
  for await (const { bytes, processed } of parts) {
    const skipped = Math.min(left, bytes.length);
    left -= skipped;
    if (skipped < bytes.length) yield { bytes: bytes.subarray(skipped), processed };
  }
}
