import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RowFormat, RowPosition } from '../index.ts';
import { type Options, read, readChunks } from '../testing/read-rows.ts';

type Endian = 'LE' | 'BE';

/** With a byte order mark; lone surrogates stay. */
function utf16(text: string, endian: Endian): Buffer {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return endian === 'LE' ? bytes : bytes.swap16();
}

const files: [RowFormat, string][] = [
  ['ndjson', '{"a":"ä€😀"}\n\n  {"a":2}\r\nbad\n{"😀":[1,"x"]}\n{"a":3}'],
  ['json', '[{"a":"ä€😀"},\n bad ,{"b":"😀"}\n]'],
  ['json', '{"a":"ä€😀"}'],
  ['csv', 'a,😀.b\r\n"x\n€",😀\n1\nä,"""é"""\n'],
  ['tsv', 'a\tü\n1\t😀\n'],
];

/** Offsets of UTF-16 for a text whose offsets of UTF-8 are known, BOM included in both. */
const inUtf16 = (text: string, utf8Offset: number) =>
  Buffer.from(`\ufeff${text}`).subarray(0, utf8Offset).toString().length * 2;

describe.each<Endian>(['LE', 'BE'])('UTF-16%s', (endian) => {
  it.each(files)(
    '%s: the same rows as in UTF-8, however the file is cut, with places in the file as sent',
    (format, text) => {
      const expected = read(`\ufeff${text}`, { format });
      const bytes = utf16(text, endian);

      for (const size of [1, 2, 3, 5, 7, bytes.length]) {
        const found = read(bytes, { format }, [size]);
        expect(found.documents).toEqual(expected.documents);
        expect(found.fault).toEqual(expected.fault);
        for (const [index, chunk] of found.chunks.entries()) {
          const same = expected.chunks[index]!;
          expect([...chunk.lines, ...chunk.rowNumbers]).toEqual([...same.lines, ...same.rowNumbers]);
          expect([...chunk.offsets]).toEqual([...same.offsets].map((offset) => inUtf16(text, offset)));
          expect(chunk.bytes).toBe(inUtf16(text, same.end.offset));
          expect(chunk.end.encoding).toBe(`utf-16${endian.toLowerCase()}`);
        }
        expect(found.rejected.map(({ row, code, raw, byteOffset }) => [row, code, raw, byteOffset])).toEqual(
          expected.rejected.map(({ row, code, raw, byteOffset }) => [row, code, raw, inUtf16(text, byteOffset)]),
        );
      }
    },
  );

  it('refuses the row with a lone surrogate and says where it stands in the file', () => {
    const text = '{"a":1}\n{"b":"ä\ud800x"}\n{"c":"\udc00"}\n{"d":"\ud83d\ude00"}\n';
    const { documents, rejected } = read(utf16(text, endian), {}, [3]);

    expect(documents).toMatchObject([{ a: { value: 1 } }, { d: '😀' }]);
    expect(rejected).toMatchObject([
      {
        row: 2,
        line: 2,
        byteOffset: 18,
        code: 'INVALID_UTF16',
        message: expect.stringMatching(/offset 14 .*no other half/),
      },
      { row: 3, line: 3, byteOffset: 42, code: 'INVALID_UTF16', message: expect.stringContaining('offset 12 ') },
    ]);
    expect(read(utf16('a\n1\nx\udfff\n2\n', endian), { format: 'csv' }).rejected).toMatchObject([
      { row: 2, byteOffset: 10, code: 'INVALID_UTF16', message: expect.stringContaining('offset 2 ') },
    ]);
    expect(read(utf16('a,\ud800\n1,2\n', endian), { format: 'csv' }).fault).toMatchObject({ code: 'BAD_HEADER' });
  });

  it('refuses a last row that ends inside a code unit', () => {
    const bytes = Buffer.concat([utf16('{"a":1}\n{"a":2', endian), Buffer.from([0x7d])]);
    const alone = Buffer.concat([utf16('{"a":1}\n', endian), Buffer.from([0x00])]);

    expect(read(bytes, {}, [2]).rejected).toMatchObject([
      {
        row: 2,
        byteOffset: 18,
        code: 'INVALID_UTF16',
        message: expect.stringMatching(/offset 12 .*inside a code unit/),
      },
    ]);
    expect(read(alone).rejected).toMatchObject([{ row: 2, byteOffset: 18, code: 'INVALID_UTF16' }]);
    expect(read(utf16('{"a":"\ud800', endian)).rejected).toMatchObject([{ code: 'INVALID_UTF16' }]);
  });

  it('gives the faults of a file their place in it, and counts the bytes of bad JSON as sent', () => {
    expect(read(utf16('[{"a":"ä"}] x', endian), { format: 'json' }).fault).toMatchObject({
      code: 'TRAILING_DATA',
      offset: 26,
    });
    expect(read(utf16('\n\n', endian)).fault).toMatchObject({ code: 'EMPTY_FILE', offset: 6 });
    expect(read(utf16('', endian)).fault).toMatchObject({ code: 'EMPTY_FILE', offset: 2 });
    expect(read(utf16('{"ä":?}', endian)).rejected).toMatchObject([
      { message: expect.stringContaining('at byte 10 ') },
    ]);
    const long = read(utf16('{"a":1}\n{"ä":"xxxxxxxxxx"}\n{"a":2}', endian), { maxRowBytes: 9, maxRawBytes: 3 }, [4]);
    expect(long.rejected).toMatchObject([{ code: 'ROW_TOO_LARGE', byteOffset: 18, raw: '{"' }]);
    expect([...long.chunks[0]!.offsets]).toEqual([2, 56]);
  });

  it('goes on from the end of any chunk as if it had never stopped, whatever the text and the cuts', () => {
    const limits: Options = { maxChunkBytes: 60, maxChunkRows: 3, maxRowBytes: 40, maxRawBytes: 10 };
    const piece = fc.oneof(
      fc.constantFrom('{"a":1}', '"ä€😀"', 'x,y', '"', '\ud800', '\udc00', ',', '{"_id":"😀"}', '{"b":"€"}', '[', ']'),
      fc.nat({ max: 50 }).map((length) => 'ä'.repeat(length)),
    );
    const text = fc.array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', ''))).map((parts) => parts.flat().join(''));
    fc.assert(
      fc.property(
        text,
        fc.constantFrom<RowFormat>('ndjson', 'json', 'csv'),
        fc.boolean(),
        fc.integer({ min: 1, max: 20 }),
        (body, format, odd, cut) => {
          const start = format === 'csv' ? 'a,b\n' : format === 'json' ? '[{"a":1},' : '';
          const bytes = Buffer.concat([utf16(start + body, endian), Buffer.from(odd ? [0x41] : [])]);
          const whole = readChunks(bytes, { ...limits, format });
          const pieces = readChunks(bytes, { ...limits, format }, [cut]);
          const plain = (chunks: typeof whole.chunks) =>
            chunks.map(({ rejectionOf, documents, ...chunk }) => ({
              ...chunk,
              documents: Buffer.from(documents).toString('hex'),
              raws: [...chunk.rowNumbers].map((_, i) => rejectionOf(i, { code: 'DUPLICATE_KEY', message: '' })),
            }));

          expect(plain(pieces.chunks)).toEqual(plain(whole.chunks));
          expect(pieces.fault).toEqual(whole.fault);
          for (const [index, { end }] of whole.chunks.entries()) {
            const rest = readChunks(
              bytes,
              { ...limits, format },
              [cut],
              JSON.parse(JSON.stringify(end)) as RowPosition,
            );
            expect(plain(rest.chunks)).toEqual(plain(whole.chunks).slice(index + 1));
            expect(rest.fault).toEqual(whole.fault?.code === 'EMPTY_FILE' ? undefined : whole.fault);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('UTF-8', () => {
  it('carries no encoding in its positions', () => {
    expect(read('\ufeff{"a":1}').chunks[0]!.end).toEqual({ chunk: 1, offset: 10, row: 1, line: 1 });
  });
});
