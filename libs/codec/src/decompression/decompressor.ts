import { pipeline, Readable, type Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';
import { DecompressionError, failed } from './decompression-error.ts';
import { PackedBytes, type PackedPiece } from './packed-bytes.ts';

/** Content codings of RFC 9110 §8.4.1, RFC 7932 and RFC 8878. */
export const contentEncodings = ['identity', 'gzip', 'deflate', 'br', 'zstd'] as const;
export type ContentEncoding = (typeof contentEncodings)[number];

export interface UnpackedPiece {
  readonly bytes: Uint8Array;
  /** Bytes of the upload as sent that these and all before them were made from. */
  readonly processed: number;
}

export interface DecompressionLimits {
  /** Unpacked bytes a packed byte, beyond `freeBytes`. */
  readonly maxRatio: number;
  /** Default 32 MiB: what every upload may unpack to, however small it is. */
  readonly freeBytes?: number;
}

/**
 * Unpacks an upload as it comes, in pieces of at most 256 KiB. Throws a {@link DecompressionError} where it is broken,
 * ends early, is followed by anything else (zeros may follow gzip), unpacks to too much, or needs too large a window; and whatever `pieces` throw.
 */
export type Decompressor = (
  pieces: AsyncIterable<PackedPiece>,
  limits: DecompressionLimits,
) => AsyncGenerator<UnpackedPiece>;

/** Small, so that a bomb is noticed early and turns stay short. */
const chunkSize = 256 * 1024;
const defaultFreeBytes = 32 * 1024 * 1024;
/** RFC 9659 §3: what a decoder of HTTP content must take and an encoder may not exceed, so that memory stays bounded. */
const zstdWindowLog = 23;

/**
 * Bytes of what was unpacked that are held to unpack the rest, at most: RFC 1951 §2, RFC 7932 §9.1, RFC 9659 §3. What
 * asks for more is refused.
 */
export const windowBytes: Readonly<Record<ContentEncoding, number>> = {
  identity: 0,
  gzip: 32 * 1024,
  deflate: 32 * 1024,
  br: 16 * 1024 * 1024,
  zstd: 2 ** zstdWindowLog,
};
/** What zlib says then. Brotli's large windows are an extension that RFC 7932 does not know. */
const windowFaults: ReadonlySet<unknown> = new Set([
  'ZSTD_error_frameParameter_windowTooLarge',
  'ERR__ERROR_FORMAT_WINDOW_BITS',
]);
/** Each frame of zstd costs a fresh stream; those that people concatenate are far larger. */
const freeFrames = 1000;
const minFrameBytes = 1024;

type Unpacker = Transform & { readonly bytesWritten: number };

interface Coding {
  open(start: Uint8Array): Unpacker;
  /** What may follow: more of the same, zeros, or nothing. */
  then: 'frames' | 'zeros' | 'nothing';
}

const codings: Record<Exclude<ContentEncoding, 'identity'>, Coding> = {
  // Node.js reads all members of RFC 1952 itself.
  gzip: { open: () => createGunzip({ chunkSize }), then: 'zeros' },
  deflate: {
    open: (start) => (beginsAsZlib(start) ? createInflate({ chunkSize }) : createInflateRaw({ chunkSize })),
    then: 'nothing',
  },
  br: { open: () => createBrotliDecompress({ chunkSize }), then: 'nothing' },
  zstd: {
    open: () => createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } }),
    then: 'frames',
  },
};

export function decompressorFor(encoding: ContentEncoding): Decompressor {
  if (encoding === 'identity') return identity;
  if (!Object.hasOwn(codings, encoding)) throw new RangeError(`unknown content encoding ${String(encoding)}`);
  return (pieces, limits) => unpack(encoding, codings[encoding], pieces, limits);
}

async function* identity(pieces: AsyncIterable<PackedPiece>): AsyncGenerator<UnpackedPiece> {
  for await (const { bytes, offset } of pieces) yield { bytes, processed: offset + bytes.length };
}

async function* unpack(
  encoding: string,
  coding: Coding,
  pieces: AsyncIterable<PackedPiece>,
  { maxRatio, freeBytes = defaultFreeBytes }: DecompressionLimits,
): AsyncGenerator<UnpackedPiece> {
  const packed = new PackedBytes(pieces);
  let decoded = 0;
  let at = 0;
  try {
    for (let frames = 1; ; frames++) {
      if (frames > freeFrames + at / minFrameBytes) throw failed(encoding, 'too-many-frames');
      const unpacker = coding.open(await packed.peek(at, 2));
      for await (const bytes of unpackFrame(packed, at, unpacker)) {
        decoded += bytes.length;
        if (decoded > freeBytes && decoded > packed.given * maxRatio) throw tooMuch(maxRatio);
        yield { bytes, processed: packed.given };
      }
      at += unpacker.bytesWritten;
      if ((await packed.peek(at, 1)).length === 0) return;
      if (coding.then !== 'frames') break;
    }
    // Node.js stops without a word behind the end, whatever comes then.
    for await (const bytes of packed.from(at, () => packed.given)) {
      if (coding.then === 'nothing' || bytes.some((byte) => byte !== 0)) throw failed(encoding, 'trailing-data');
    }
  } catch (error) {
    if (packed.failure) throw packed.failure.error;
    if (error instanceof DecompressionError) throw error;
    const { code } = error as { code?: unknown };
    if (windowFaults.has(code)) throw tooWide(encoding, error);
    // zlib says so for every coding (Node.js, "zlib").
    throw failed(encoding, code === 'Z_BUF_ERROR' ? 'truncated' : 'broken', error);
  } finally {
    packed.close();
  }
}

/** One frame; `unpacker.bytesWritten` says afterwards how long it was. */
async function* unpackFrame(packed: PackedBytes, at: number, unpacker: Unpacker): AsyncGenerator<Uint8Array> {
  const bytes = packed.from(at, () => at + unpacker.bytesWritten);
  // The loop below sees every failure; without a callback `pipeline` would throw it a second time.
  pipeline(Readable.from(bytes, { highWaterMark: 1 }), unpacker, () => undefined);
  yield* unpacker as AsyncIterable<Uint8Array>;
  // It may have asked for one more piece before it stopped.
  await bytes.return(undefined);
}

const tooMuch = (maxRatio: number) =>
  new DecompressionError('DECOMPRESSION_RATIO', `it unpacks to more than ${maxRatio} times its size`);

const tooWide = (encoding: string, cause: unknown) =>
  new DecompressionError('DECOMPRESSION_WINDOW', `the ${encoding} data needs too large a window`, undefined, { cause });

/** RFC 1950 §2.2: CM 8, a window of 32 KiB at most, and a check of both bytes. Without it, raw deflate (RFC 9110 §8.4.1.2). */
function beginsAsZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0;
}
