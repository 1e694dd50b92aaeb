import { describe, expect, it } from '@jest/globals';
import * as bson from 'bson';
import fc from 'fast-check';
import { bsonToNdjson } from '../index.ts';
import { jsonPieces } from './json-pieces.ts';

const seed = 20_261_130;

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: fc.constantFrom('\u0001', '"', '\\', '\n', 'é', '€', '😀', 'a'), maxLength: 60 }),
);
const names = texts.map((text) => text.replaceAll('\0', ''));
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  texts,
  fc.integer().map((value) => new bson.Int32(value)),
  fc.double().map((value) => new bson.Double(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => bson.Long.fromBigInt(value)),
  fc
    .tuple(fc.uint8Array({ maxLength: 50 }), fc.constantFrom(0, 2, 4, 5, 128))
    .map(([bytes, subtype]) => new bson.Binary(bytes, subtype)),
  fc.tuple(names, names).map(([pattern]) => new bson.BSONRegExp(pattern, 'im')),
  texts.map((code) => new bson.Code(code)),
  fc.tuple(texts, names).map(([code, name]) => new bson.Code(code, { [name]: code })),
  texts.map((symbol) => new bson.BSONSymbol(symbol)),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(null, true, undefined, new bson.MinKey(), new bson.MaxKey(), new bson.ObjectId()),
  fc.constant(new bson.Timestamp({ t: 1, i: 2 })),
  fc.constant(bson.Decimal128.fromString('1.20')),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(names, tie('value'), { maxKeys: 6 }),
  ),
}));
const documents = fc.dictionary(names, value, { maxKeys: 8 });

const serialized = (document: bson.Document) => bson.serialize(document, { ignoreUndefined: false });
const whole = (bytes: Uint8Array, ejson: 'relaxed' | 'canonical') =>
  Buffer.from(bsonToNdjson(bytes, { ejson })).toString('latin1').slice(0, -1);
const pieced = (bytes: Uint8Array, ejson: 'relaxed' | 'canonical', pieceBytes?: number) =>
  [...jsonPieces(bytes, { ejson, ...(pieceBytes && { pieceBytes }) })].map((piece) => Buffer.from(piece));
const latin1 = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString('latin1');

describe('the text of a document in pieces', () => {
  it('is the text of the document, whatever it holds and wherever it is cut', () => {
    fc.assert(
      fc.property(
        documents,
        fc.constantFrom('relaxed' as const, 'canonical' as const),
        fc.integer({ min: 1, max: 200 }),
        (document, ejson, pieceBytes) => {
          const bytes = serialized(document);

          expect(latin1(pieced(bytes, ejson, pieceBytes))).toBe(whole(bytes, ejson));
        },
      ),
      { seed, numRuns: 500 },
    );
  });

  it('replaces what is no UTF-8 as the whole text does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xff), {
          maxLength: 40,
        }),
        fc.integer({ min: 1, max: 100 }),
        (stored, pieceBytes) => {
          const bytes = serialized({ text: 'x'.repeat(stored.length), end: 1 });
          bytes.set(stored, 4 + 1 + 5 + 4);

          expect(latin1(pieced(bytes, 'relaxed', pieceBytes))).toBe(whole(bytes, 'relaxed'));
        },
      ),
      { seed, numRuns: 1_000 },
    );
  });

  it.each([
    ['numbers', { list: Array.from({ length: 200_000 }, (_, index) => index % 10) }],
    ['one string, each byte of which becomes six', { text: '\u0001'.repeat(1_000_000) }],
    ['one text of characters of four bytes', { text: '😀'.repeat(700_000) }],
    ['binary data', { data: new bson.Binary(Buffer.alloc(4_000_001, 7)) }],
    ['a long name', { ['n'.repeat(4_000_000)]: 1 }],
    ['nested documents', { a: [{ b: { c: Array.from({ length: 200_000 }, () => null) } }] }],
    ['nothing', {}],
  ])('has no piece that is much larger than asked for: %s', (_what, document) => {
    const bytes = serialized(document);

    for (const ejson of ['relaxed', 'canonical'] as const) {
      const pieces = pieced(bytes, ejson);
      expect(pieces.every(({ length }) => length > 0 && length <= 1.5 * 1024 * 1024)).toBe(true);
      expect(pieces.slice(0, -1).every(({ length }) => length >= 1024 * 1024)).toBe(true);
      expect(Buffer.concat(pieces).equals(Buffer.from(whole(bytes, ejson), 'latin1'))).toBe(true);
    }
  });
});
