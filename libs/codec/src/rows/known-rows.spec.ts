import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Chunk,
  createKnownRowReader,
  FileError,
  type KnownRow,
  type RejectedRow,
  type RowPosition,
  type RowReaderOptions,
  splitDocuments,
} from '../index.ts';
import { arbitraryFiles } from '../testing/arbitrary-files.ts';
import { decode, idPrefix, readChunks } from '../testing/read-rows.ts';

const refuseAll = () => ({ code: 'SCHEMA_VIOLATION', message: 'No.' }) as const;

/** All rows of a file whose text is kept whole, as if each had been refused. */
const rowsOf = (file: string | Uint8Array, options: Partial<RowReaderOptions>): KnownRow[] =>
  readChunks(file, { ...options, validate: refuseAll }).chunks.flatMap(({ rejected }) =>
    rejected.filter(({ rawComplete }) => rawComplete).map(knownRow),
  );

const knownRow = ({ row, line, byteOffset, raw }: RejectedRow): KnownRow => ({
  ...{ row, line, byteOffset, text: Buffer.from(raw) },
});

interface Reading {
  readonly from?: RowPosition | undefined;
  readonly atOnce?: number;
}

function readKnown(rows: readonly KnownRow[], options: RowReaderOptions, { from, atOnce = 1_000 }: Reading = {}) {
  const reader = createKnownRowReader(options, from);
  const chunks: Chunk[] = [];
  const drain = () => {
    for (let chunk = reader.read(); chunk; chunk = reader.read()) chunks.push(chunk);
  };
  for (let at = 0; at < rows.length; at += atOnce) {
    reader.push(rows.slice(at, at + atOnce));
    drain();
  }
  reader.end();
  drain();
  return chunks;
}

const beginningWith = (header: string[]): RowPosition => ({ chunk: 0, offset: 0, row: 0, line: 1, header });

/** What became of each row, by its number. */
const outcomes = (chunks: readonly Chunk[]) =>
  chunks
    .flatMap(({ documents, rowNumbers, lines, offsets, rejected }) => [
      ...splitDocuments(documents).map((document, index) => ({
        row: rowNumbers[index]!,
        line: lines[index]!,
        byteOffset: offsets[index]!,
        document: Buffer.from(document).toString('hex'),
      })),
      ...rejected.map(withoutSpace),
    ])
    .sort((one, other) => one.row - other.row);

/** White space behind a row of JSON is not kept, and a string that has no end is said to go on in it. */
const withoutSpace = ({ message, ...row }: RejectedRow) => (row.code === 'MALFORMED_JSON' ? row : { ...row, message });

const plain = (chunks: Chunk[]) =>
  chunks.map(({ rejectionOf, ...chunk }) => ({
    ...chunk,
    documents: Buffer.from(chunk.documents).toString('hex'),
    raws: [...chunk.rowNumbers].map((_, i) => rejectionOf(i, { code: 'DUPLICATE_KEY', message: '' })),
  }));

describe.each(arbitraryFiles)('rows of %s that are read by themselves', (format, file) => {
  const isCells = format === 'csv';
  const options: RowReaderOptions = { format, idPrefix, maxRowBytes: 80, maxRawBytes: 60, maxDocumentBytes: 150 };
  const from = isCells ? beginningWith(['a', 'b.c']) : undefined;

  it('come to what they came to in their file, each at its place there', () => {
    fc.assert(
      fc.property(file, (text) => {
        const rows = rowsOf(text, options);
        // A file's last CR goes with the line break; of two of them the first is text, and here it is the last.
        const known = rows.filter((row) => !isCells || row.text.at(-1) !== 0x0d);
        const numbers = new Set(known.map(({ row }) => row));
        const inFile = outcomes(readChunks(text, options).chunks).filter(({ row }) => numbers.has(row));

        expect(outcomes(readKnown(known, options, { from }))).toEqual(inFile);
      }),
      { numRuns: 400 },
    );
  });

  it('make the same chunks however many come at once, and from the end of any chunk on', () => {
    const small = { ...options, maxChunkBytes: 120, maxChunkRows: 4, maxChunkDocumentBytes: 200 };
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 6 }), (text, atOnce) => {
        const rows = rowsOf(text, options);
        const whole = readKnown(rows, small, { from });

        expect(plain(readKnown(rows, small, { from, atOnce }))).toEqual(plain(whole));
        expect(whole.at(-1)?.end.offset ?? 0).toBe(rows.reduce((sum, { text: { length } }) => sum + length, 0));
        for (const [index, { end }] of whole.entries()) {
          const stored = JSON.parse(JSON.stringify(end)) as RowPosition;
          const rest = rows.filter(({ row }) => row > end.row);
          expect(plain(readKnown(rest, small, { from: stored, atOnce }))).toEqual(plain(whole).slice(index + 1));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a row that is read by itself', () => {
  const byItself = (text: string, options: Omit<RowReaderOptions, 'idPrefix'>, from?: RowPosition) =>
    readKnown([{ row: 7, line: 9, byteOffset: 42, text: Buffer.from(text) }], { idPrefix, ...options }, { from });
  const documentsOf = (chunks: Chunk[]) =>
    chunks.flatMap(({ documents }) => splitDocuments(documents).map(decode)).map(({ _id, ...fields }) => fields);

  it('takes no other along, whatever its quotes and brackets are', () => {
    const texts = ['"open', 'a,b', '"a"b,c', '"two\nlines",x'];
    const rows = texts.map((text, index) => ({ row: index + 1, line: 1, byteOffset: 0, text: Buffer.from(text) }));

    const chunks = readKnown(rows, { format: 'csv', idPrefix }, { from: beginningWith(['x', 'y']) });

    expect(outcomes(chunks)).toMatchObject([
      { row: 1, code: 'MALFORMED_CSV', raw: '"open' },
      { row: 2 },
      { row: 3, code: 'MALFORMED_CSV', raw: '"a"b,c' },
      { row: 4 },
    ]);
    expect(documentsOf(chunks)).toEqual([
      { x: 'a', y: 'b' },
      { x: 'two\nlines', y: 'x' },
    ]);
  });

  it('of an array may have line breaks, and needs no bracket', () => {
    expect(documentsOf(byItself('{\n "a": "x"\n}', { format: 'json' }))).toEqual([{ a: 'x' }]);
    expect(byItself(' ', { format: 'json' })[0]?.rejected).toMatchObject([{ row: 7, line: 9, byteOffset: 42 }]);
  });

  it('has cells of the types that the header names', () => {
    const header = ['n.int32()', 's.string()'];

    const read = byItself('5,5', { format: 'csv', types: 'header' }, beginningWith(header));

    expect(JSON.parse(JSON.stringify(documentsOf(read)))).toEqual([{ n: 5, s: '5' }]);
    expect(read[0]?.end.header).toEqual(header);
  });

  it('and whose header cannot be used any more is not read', () => {
    const fieldTypes = { 'a.b': 'int' } as const;

    expect(() => byItself('1,2', { format: 'csv', fieldTypes }, beginningWith(['a', 'a.b']))).toThrow(FileError);
  });
});
