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
 * Unpacks gzip as it comes (RFC 1952, several members too; zeros may follow the last). Throws DECOMPRESSION_FAILED where
 * it is broken, ends early or is followed by anything else, and DECOMPRESSION_RATIO where it unpacks to more than
 * `maxRatio` times its size (gzip's limit is 1032; text reaches 5 to 50).
 */
export async function* gunzip(stretches: AsyncIterable<Stretch>, maxRatio: number): AsyncGenerator<Decoded> {
  const unpacked = createGunzip({ chunkSize: stepBytes });
  const packed = new PackedBytes(stretches, () => unpacked.bytesWritten);
  let decoded = 0;
  // The loop below sees every failure; without a callback `pipeline` would throw it a second time.
  pipeline(Readable.from(packed.bytes, { highWaterMark: 1 }), unpacked, () => undefined);
  try {
    for await (const bytes of unpacked as AsyncIterable<Uint8Array>) {
      decoded += bytes.length;
      if (decoded > freeBytes && decoded > packed.given * maxRatio) {
        throw new KeyportError('DECOMPRESSION_RATIO', { ratio: maxRatio });
      }
      yield { bytes, processed: packed.given };
    }
    // Node.js stops without a word at a zero behind a member, whatever comes then.
    for await (const bytes of packed.rest()) {
      if (bytes.some((byte) => byte !== 0)) throw new KeyportError('DECOMPRESSION_FAILED');
    }
  } catch (error) {
    throw isZlibError(error) ? new KeyportError('DECOMPRESSION_FAILED', {}, { cause: error }) : error;
  } finally {
    packed.close();
  }
}

/** The bytes of an upload on their way to a reader that may leave the last of them unread. */
class PackedBytes {
  /** Bytes given out. */
  given = 0;
  readonly bytes = this.give();
  private readonly source: AsyncIterator<Stretch>;
  private unread: readonly Stretch[] = [];
  private failure: { readonly error: unknown } | undefined;

  /** `read`: bytes from the start of the upload that the reader has used. */
  constructor(
    stretches: AsyncIterable<Stretch>,
    private readonly read: () => number,
  ) {
    this.source = stretches[Symbol.asyncIterator]();
  }

  /** What the reader left, and what it never asked for. */
  async *rest(): AsyncGenerator<Uint8Array> {
    const read = this.read();
    // The reader may have asked for one more stretch before it stopped.
    await this.bytes.return(undefined);
    if (this.failure) throw this.failure.error;
    for (const { bytes, offset } of this.unread) yield bytes.subarray(Math.max(0, read - offset));
    for await (const { bytes } of { [Symbol.asyncIterator]: () => this.source }) yield bytes;
  }

  close(): void {
    // Whoever waits for bytes is not waited for.
    void this.source.return?.().catch(() => undefined);
  }

  private async *give(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = await this.source.next(); !next.done; next = await this.source.next()) {
        const { bytes, offset } = next.value;
        this.given = offset + bytes.length;
        this.unread = [...this.unread.filter((one) => one.offset + one.bytes.length > this.read()), next.value];
        yield bytes;
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    }
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
