import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import fc from 'fast-check';
import { bsonToCsv } from '../index.ts';
import { csvPieces } from './csv-pieces.ts';

const seed = 20_261_130;
const columns = ['_id', 'text', 'list', 'data', 'in', 'none'];

const texts = fc.string({ unit: fc.constantFrom(...'a"\n\r,\t€é😀=\''), maxLength: 80 });
const documents = fc.record(
  {
    _id: fc.integer(),
    text: fc.oneof(texts, fc.string({ maxLength: 80 })),
    list: fc.array(fc.oneof(fc.integer(), texts, fc.constant(null)), { maxLength: 30 }),
    data: fc.uint8Array({ maxLength: 90 }).map((bytes) => new bson.Binary(bytes)),
    none: fc.constant(null),
    in: fc.oneof(
      fc.dictionary(fc.constantFrom('a', 'b'), texts),
      texts.map((code) => new bson.Code(code, { a: code })),
    ),
  },
  { requiredKeys: [] },
);

const styles = fc.record(
  {
    delimiter: fc.constantFrom(',', '\t', ';'),
    nullText: fc.constantFrom('', 'NULL', 'a'),
    formulas: fc.constant('escape' as const),
    newline: fc.constantFrom('lf' as const, 'crlf' as const),
  },
  { requiredKeys: [] },
);

const latin1 = (pieces: Iterable<Uint8Array>) => Buffer.concat([...pieces]).toString('latin1');

describe('the row of a document in pieces', () => {
  it('is the row of the document, whatever it holds and wherever it is cut', () => {
    fc.assert(
      fc.property(
        documents,
        fc.subarray(columns, { minLength: 1 }),
        styles,
        fc.integer({ min: 1, max: 200 }),
        (document, asked, style, pieceBytes) => {
          const bytes = bson.serialize(document);
          const options = { columns: asked, ...style };

          expect(latin1(csvPieces(bytes, { ...options, pieceBytes }))).toBe(latin1([bsonToCsv(bytes, options)]));
        },
      ),
      { seed, numRuns: 1_000 },
    );
  });

  it('replaces what is no UTF-8 as the whole row does', () => {
    const some = [0x41, 0x22, 0x80, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xff];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...some), { maxLength: 40 }),
        fc.integer({ min: 1, max: 100 }),
        (stored, pieceBytes) => {
          const bytes = bson.serialize({ text: 'x'.repeat(stored.length), end: 1 });
          bytes.set(stored, 4 + 1 + 5 + 4);
          const options = { columns: ['text', 'end'] };

          expect(latin1(csvPieces(bytes, { ...options, pieceBytes }))).toBe(latin1([bsonToCsv(bytes, options)]));
        },
      ),
      { seed, numRuns: 1_000 },
    );
  });

  it.each([
    ['a list of numbers', { value: Array.from({ length: 700_000 }, (_, index) => index % 10) }],
    ['quotes', { value: '"'.repeat(1_500_000) }],
    ['a list of control characters', { value: ['\u0001'.repeat(400_000)] }],
    ['binary data', { value: new bson.Binary(Buffer.alloc(2_000_001, 7)) }],
  ])('has no piece that is much larger than asked for: %s', (_what, document) => {
    const bytes = bson.serialize(document);
    for (const delimiter of [',', '\t']) {
      const options = { columns: ['value'], delimiter };
      const pieces = [...csvPieces(bytes, options)];

      expect(pieces.every(({ length }) => length > 0 && length <= 1.5 * 1024 * 1024)).toBe(true);
      expect(pieces.length).toBeGreaterThan(1);
      expect(Buffer.concat(pieces).equals(Buffer.from(bsonToCsv(bytes, options)))).toBe(true);
    }
  });
});
