import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Chunk } from '../index.ts';
import { arbitraryFiles } from '../testing/arbitrary-files.ts';
import { type Options, readChunks } from '../testing/read-rows.ts';

// Small limits, so that short texts make many chunks and run into every limit.
const limits: Options = {
  maxChunkBytes: 120,
  maxChunkRows: 4,
  maxRowBytes: 60,
  maxRawBytes: 20,
  maxChunkDocumentBytes: 200,
  maxDocumentBytes: 150,
};

const plain = (chunks: Chunk[]) =>
  chunks.map(({ rejectionOf, ...chunk }) => ({
    ...chunk,
    documents: Buffer.from(chunk.documents).toString('hex'),
    raws: [...chunk.rowNumbers].map((_, i) => rejectionOf(i, { code: 'DUPLICATE_KEY', message: '' })),
  }));

describe.each(arbitraryFiles)('chunks of %s', (format, file) => {
  const options = { ...limits, format };

  it('are the same however the file is cut into pieces, inside characters and line breaks too', () => {
    fc.assert(
      fc.property(file, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), (text, cuts) => {
        const whole = readChunks(text, options);
        const pieces = readChunks(text, options, cuts);

        expect(plain(pieces.chunks)).toEqual(plain(whole.chunks));
        expect(pieces.fault).toEqual(whole.fault);
      }),
      { numRuns: 400 },
    );
  });

  it('are the same when reading goes on from the end of any of them', () => {
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 40 }), (text, cut) => {
        const whole = readChunks(text, options);
        const expected = plain(whole.chunks);

        for (const [index, { end }] of whole.chunks.entries()) {
          const from = JSON.parse(JSON.stringify(end)) as typeof end;
          const rest = readChunks(text, options, [cut], from);
          expect(plain(rest.chunks)).toEqual(expected.slice(index + 1));
          expect(rest.fault?.code).toBe(whole.fault?.code);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('hold every row once and stay within their limits', () => {
    fc.assert(
      fc.property(file, (text) => {
        const { chunks } = readChunks(text, options);
        let rows = 0;
        for (const [index, chunk] of chunks.entries()) {
          const numbers = [...chunk.rowNumbers, ...chunk.rejected.map(({ row }) => row)].sort((a, b) => a - b);
          expect(numbers).toEqual(Array.from({ length: chunk.rows }, (_, i) => rows + i + 1));
          rows += chunk.rows;
          expect(chunk.number).toBe(index);
          expect(chunk.end).toMatchObject({ chunk: index + 1, row: rows });
          expect(chunk.rows).toBeLessThanOrEqual(4);
          if (chunk.rows > 1) expect(chunk.bytes).toBeLessThanOrEqual(120);
          if (chunk.rowNumbers.length > 1) expect(chunk.documents.length).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a chunk', () => {
  it('can refuse a document afterwards, with its place and text', () => {
    const { chunks } = readChunks('{"n":1}\nbad\n\n  {"n":3} \r\n{"n":4}', { maxChunkRows: 3 });
    const rejected = chunks[0]!.rejectionOf(1, { code: 'DUPLICATE_KEY', message: 'there is one', path: 'n' });

    expect(rejected).toEqual({
      ...{ row: 3, line: 4, byteOffset: 15, raw: '{"n":3}', rawComplete: true },
      ...{ code: 'DUPLICATE_KEY', message: 'there is one', path: 'n' },
    });
  });

  it('is never written to again', () => {
    const text = Array.from({ length: 50 }, (_, n) => `{"n":${n}}`).join('\n');
    const { chunks } = readChunks(text, { maxChunkRows: 7 });
    const copies = chunks.map(({ documents }) => Buffer.from(documents).toString('hex'));

    readChunks(text.replaceAll('n', 'm'), { maxChunkRows: 7 });

    expect(chunks.map(({ documents }) => Buffer.from(documents).toString('hex'))).toEqual(copies);
  });

  it('carries keys that are equal where MongoDB holds the values for equal', () => {
    const rows = [
      '{"k":1,"a":"x"}',
      '{"k":1.0,"a":"x"}',
      '{"k":{"$numberLong":"1"},"a":"x"}',
      '{"k":"1","a":"x"}',
      '{"k":1,"a":"y"}',
    ];
    const { chunks } = readChunks([...rows, '{"k":1}', '{"k":[1],"a":1}'].join('\n'), { keyFields: ['k', 'a'] });
    const [one, two, three, text, other] = chunks[0]!.keys!;

    expect([two, three]).toEqual([one, one]);
    expect(new Set([one, text, other]).size).toBe(3);
    expect(chunks[0]!.rejected).toMatchObject([
      { code: 'MISSING_KEY', path: 'a', row: 6 },
      { code: 'KEY_TYPE', path: 'k', row: 7 },
    ]);
  });
});
