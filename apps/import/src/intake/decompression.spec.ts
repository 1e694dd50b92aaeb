import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { contentEncodings, type PackedPiece, type UnpackedPiece } from '@keyport/codec';
import { contentEncoding, KeyportError } from '@keyport/contracts';
import { skip, unpacked } from './decompression.ts';

/** What the codec lets every upload unpack to. */
const freeBytes = 32 * 1024 * 1024;
const gunzip = (pieces: AsyncIterable<PackedPiece>, maxRatio: number) => unpacked(pieces, 'gzip', maxRatio);

async function* stretchesOf(bytes: Uint8Array, length = 1000) {
  for (let offset = 0; offset < bytes.length; offset += length) {
    yield { bytes: bytes.subarray(offset, offset + length), offset };
  }
}

async function collect(parts: AsyncIterable<UnpackedPiece>): Promise<{ text: string; processed: number }> {
  const found: UnpackedPiece[] = [];
  for await (const part of parts) found.push(part);
  return { text: Buffer.concat(found.map(({ bytes }) => bytes)).toString(), processed: found.at(-1)?.processed ?? 0 };
}

const numbers = Array.from({ length: 50_000 }, (_, index) => `{"n":${index}}\n`).join('');

describe('content encodings', () => {
  it('are those that the codec unpacks', () => {
    expect(contentEncoding.options).toEqual(contentEncodings);
  });

  it.each([
    ['identity', (bytes: Uint8Array) => Buffer.from(bytes)],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('include %s, which is unpacked as it comes', async (encoding, pack) => {
    const packed = pack(Buffer.from(numbers));

    expect(await collect(unpacked(stretchesOf(packed), encoding, 200))).toEqual({
      text: numbers,
      processed: packed.length,
    });
  });

  it.each(['gzip', 'deflate', 'br', 'zstd'] as const)('are told from what they do not hold: %s', async (encoding) => {
    await expect(collect(unpacked(stretchesOf(Buffer.from(numbers)), encoding, 200))).rejects.toMatchObject({
      name: 'KeyportError',
      code: 'DECOMPRESSION_FAILED',
    });
  });
});

describe('gzip', () => {
  it('unpacks what comes in pieces, and says how much of the upload it has used', async () => {
    const packed = gzipSync(numbers);

    expect(await collect(gunzip(stretchesOf(packed), 200))).toEqual({ text: numbers, processed: packed.length });
  });

  it('unpacks several members one after the other', async () => {
    const packed = Buffer.concat([gzipSync('a\n'), gzipSync('b\n')]);

    expect((await collect(gunzip(stretchesOf(packed, 7), 200))).text).toBe('a\nb\n');
  });

  it.each([5, 7, 1000, gzipSync('a\n').length])(
    'takes zeros behind the last member, in pieces of %i',
    async (length) => {
      const packed = Buffer.concat([gzipSync('a\n'), Buffer.alloc(3000)]);

      expect((await collect(gunzip(stretchesOf(packed, length), 200))).text).toBe('a\n');
    },
  );

  it.each([5, 7, 1000, gzipSync('a\n').length])('refuses anything else behind one, in pieces of %i', async (length) => {
    const first = gzipSync('a\n');
    const spoilt = Buffer.from(gzipSync('b\n'));
    spoilt[0] = 0;

    for (const behind of [spoilt, Buffer.concat([Buffer.alloc(50), gzipSync('b\n')]), Buffer.from('b\n')]) {
      const unpacking = collect(gunzip(stretchesOf(Buffer.concat([first, behind]), length), 200));

      await expect(unpacking).rejects.toMatchObject({ code: 'DECOMPRESSION_FAILED' });
    }
  });

  it('passes on why what is behind a member could not be read', async () => {
    const failing = async function* () {
      yield* stretchesOf(Buffer.concat([gzipSync('a\n'), Buffer.alloc(10)]), 9);
      throw new KeyportError('UPLOAD_INCOMPLETE', { received: 500 });
    };

    await expect(collect(gunzip(failing(), 200))).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
  });

  it('refuses a body that ends early', async () => {
    const packed = gzipSync(numbers);

    await expect(collect(gunzip(stretchesOf(packed.subarray(0, -20)), 200))).rejects.toMatchObject({
      code: 'DECOMPRESSION_FAILED',
    });
  });

  it('refuses what is not gzip at all', async () => {
    await expect(collect(gunzip(stretchesOf(Buffer.from(numbers)), 200))).rejects.toMatchObject({
      code: 'DECOMPRESSION_FAILED',
    });
  });

  it('breaks off a bomb soon after the free bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(4 * freeBytes));
    let seen = 0;
    const watch = async () => {
      for await (const { bytes } of gunzip(stretchesOf(bomb, 64 * 1024), 200)) seen += bytes.length;
    };

    await expect(watch()).rejects.toMatchObject({ code: 'DECOMPRESSION_RATIO', params: { ratio: 200 } });
    expect(seen).toBeLessThanOrEqual(freeBytes + 1024 * 1024);
  });

  it('passes on why the upload could not be read', async () => {
    const failing = async function* () {
      yield* stretchesOf(gzipSync(numbers).subarray(0, 500));
      throw new KeyportError('UPLOAD_INCOMPLETE', { received: 500 });
    };

    await expect(collect(gunzip(failing(), 200))).rejects.toMatchObject({ code: 'UPLOAD_INCOMPLETE' });
  });
});

describe('skip', () => {
  it('leaves out exactly so many bytes, wherever the parts end', async () => {
    const parts = async function* () {
      for (const text of ['abc', 'def', 'ghi']) yield { bytes: Buffer.from(text), processed: 0 };
    };

    expect((await collect(skip(parts(), 4))).text).toBe('efghi');
    expect((await collect(skip(parts(), 6))).text).toBe('ghi');
  });
});
