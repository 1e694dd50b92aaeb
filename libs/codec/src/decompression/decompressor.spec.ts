import { randomBytes } from 'node:crypto';
import type { Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import * as zlib from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type ContentEncoding, decompressorFor, DecompressionError, type DecompressionLimits } from '../index.ts';

type Packed = Exclude<ContentEncoding, 'identity'>;

const pack: Record<Packed, (bytes: Uint8Array) => Buffer> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};
const encodings = Object.keys(pack) as Packed[];
const limits: DecompressionLimits = { maxRatio: 200 };
const text = Buffer.from('{"name":"ä€😀","n":12345}\n'.repeat(40));

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let offset = 0; offset < bytes.length; offset += size) {
    yield { bytes: bytes.subarray(offset, offset + size), offset };
    await Promise.resolve();
  }
}

async function unpack(encoding: ContentEncoding, bytes: Uint8Array, size = bytes.length || 1, asked = limits) {
  const parts: Uint8Array[] = [];
  let processed = 0;
  for await (const part of decompressorFor(encoding)(inPieces(bytes, size), asked)) {
    parts.push(part.bytes);
    expect(part.processed).toBeGreaterThanOrEqual(processed);
    processed = part.processed;
  }
  return { bytes: Buffer.concat(parts), processed };
}

/** Of a stream nobody knows the length of, so that the window is as large as was asked for. */
async function packedBy(compressor: Transform): Promise<Buffer> {
  const packed = buffer(compressor);
  compressor.write(text);
  compressor.end();
  return packed;
}

const largeBrotli = (lgwin: number) => ({
  [zlib.constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
  [zlib.constants.BROTLI_PARAM_LGWIN]: lgwin,
});

const faultOf = async (encoding: Packed, bytes: Uint8Array, size?: number): Promise<string | undefined> => {
  try {
    await unpack(encoding, bytes, size);
    return 'none';
  } catch (error) {
    if (!(error instanceof DecompressionError)) throw error;
    expect(error.message).toContain(encoding);
    return error.fault;
  }
};

describe.each(encodings)('%s', (encoding) => {
  const packed = pack[encoding](text);

  it('unpacks what comes in pieces of any size', async () => {
    for (const size of [1, 2, 3, 7, packed.length - 1, packed.length]) {
      const found = await unpack(encoding, packed, size);

      expect(found.bytes.equals(text)).toBe(true);
      expect(found.processed).toBeLessThanOrEqual(packed.length);
    }
  });

  it('is refused where it ends early, wherever that is', async () => {
    for (let length = 0; length < packed.length; length++) {
      expect([length, await faultOf(encoding, packed.subarray(0, length), 16)]).toEqual([length, 'truncated']);
    }
  });

  it('is refused where something else follows, in the same piece or in the next', async () => {
    const followed = Buffer.concat([packed, Buffer.from('garbage')]);

    for (const size of [1, packed.length, followed.length]) {
      expect(await faultOf(encoding, followed, size)).toMatch(/trailing-data|broken/);
    }
  });

  it('is refused where it is something else', async () => {
    expect(await faultOf(encoding, Buffer.from('{"a":1}\n{"a":2}\n'))).toMatch(/broken|truncated/);
  });

  it('throws what its source throws, and lets the source go where its reader stops', async () => {
    let closed = false;
    async function* source(fails: boolean) {
      try {
        yield { bytes: packed, offset: 0 };
        if (fails) throw new TypeError('the spool is gone');
        await new Promise(() => undefined);
      } finally {
        closed = true;
      }
    }

    const all = async () => {
      for await (const part of decompressorFor(encoding)(source(true), limits)) expect(part.bytes).toBeDefined();
    };
    await expect(all()).rejects.toThrow(new TypeError('the spool is gone'));
    expect(closed).toBe(true);
  });

  it('ends a bomb early', async () => {
    const bomb = pack[encoding](Buffer.alloc(4 * 1024 * 1024));
    const asked = { maxRatio: 100, freeBytes: 1024 * 1024 };
    let decoded = 0;
    const all = async () => {
      for await (const { bytes } of decompressorFor(encoding)(inPieces(bomb, 1024), asked)) decoded += bytes.length;
    };

    await expect(all()).rejects.toMatchObject({ name: 'DecompressionError', code: 'DECOMPRESSION_RATIO' });
    expect(decoded).toBeLessThanOrEqual(1024 * 1024 + 256 * 1024);
    expect((await unpack(encoding, bomb)).bytes.length).toBe(4 * 1024 * 1024);
  });
});

describe('several in a row', () => {
  it.each<Packed>(['gzip', 'zstd'])('of %s are one file, however they are cut', async (encoding) => {
    const frames = ['a', '', 'bc', 'd'.repeat(300_000)].map((part) => pack[encoding](Buffer.from(part)));
    const all = Buffer.concat(frames);

    for (const size of [1, 5, frames[0]!.length, all.length]) {
      expect((await unpack(encoding, all, size)).bytes.toString()).toBe(`abc${'d'.repeat(300_000)}`);
    }
    expect(await faultOf(encoding, all.subarray(0, -3), 7)).toBe('truncated');
  });

  it.each<Packed>(['deflate', 'br'])('of %s are none', async (encoding) => {
    const one = pack[encoding](text);

    expect(await faultOf(encoding, Buffer.concat([one, one]))).toBe('trailing-data');
  });

  it('may be very many small ones of zstd, but not without end', async () => {
    const frame = zlib.zstdCompressSync(randomBytes(300));
    const empty = zlib.zstdCompressSync(Buffer.alloc(0));

    const manyEmpty = Buffer.concat(Array<Buffer>(1500).fill(empty));
    // Node.js reads all frames itself from 24.22 on: then none costs a stream, and they need not be counted.
    const isCounted = zlib.zstdDecompressSync(Buffer.concat([frame, frame])).length === 300;

    expect((await unpack('zstd', Buffer.concat(Array<Buffer>(1200).fill(frame)))).bytes.length).toBe(360_000);
    if (isCounted) expect(await faultOf('zstd', manyEmpty)).toBe('too-many-frames');
    else expect((await unpack('zstd', manyEmpty)).bytes.length).toBe(0);
  });
});

describe('codings', () => {
  it('take zeros behind gzip (RFC 1952 leaves padding to tar and tapes)', async () => {
    const padded = Buffer.concat([zlib.gzipSync(text), Buffer.alloc(1000)]);

    for (const size of [1, 100, padded.length])
      expect((await unpack('gzip', padded, size)).bytes.equals(text)).toBe(true);
    expect(await faultOf('gzip', Buffer.concat([padded, Buffer.from('x')]))).toBe('trailing-data');
  });

  it('take raw deflate for deflate', async () => {
    for (const bytes of [text, Buffer.alloc(0), randomBytes(1000), Buffer.alloc(100_000, 'ab')]) {
      const raw = zlib.deflateRawSync(bytes);
      for (const size of [1, raw.length]) expect((await unpack('deflate', raw, size)).bytes.equals(bytes)).toBe(true);
    }
  });

  it('are unpacked with windows as large as HTTP allows', async () => {
    const zstd = await packedBy(zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_windowLog]: 23 } }));
    const br = await packedBy(zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } }));

    expect((await unpack('zstd', zstd)).bytes.equals(text)).toBe(true);
    expect((await unpack('br', br)).bytes.equals(text)).toBe(true);
  });

  it.each<[Packed, string, () => Transform]>([
    ['zstd', '16 MiB', () => zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_windowLog]: 24 } })],
    ['zstd', '2 GiB', () => zlib.createZstdCompress({ params: { [zlib.constants.ZSTD_c_windowLog]: 31 } })],
    ['br', '32 MiB', () => zlib.createBrotliCompress({ params: largeBrotli(25) })],
    ['br', '1 GiB', () => zlib.createBrotliCompress({ params: largeBrotli(30) })],
  ])('refuse by name %s that asks for a window of %s', async (encoding, _size, make) => {
    const packed = await packedBy(make());

    await expect(unpack(encoding, packed)).rejects.toMatchObject({ code: 'DECOMPRESSION_WINDOW', fault: undefined });
  });

  it('leave identity alone, and know no others', async () => {
    expect(await unpack('identity', text, 11)).toEqual({ bytes: text, processed: text.length });
    expect(() => decompressorFor('compress' as ContentEncoding)).toThrow(RangeError);
  });
});
