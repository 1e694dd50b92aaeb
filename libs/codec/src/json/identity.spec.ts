import { describe, expect, it } from '@jest/globals';
import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { BINARY, DECIMAL128, DOCUMENT, DOUBLE, INT32, REGEX, STRING } from '../bson/bson-types.ts';
import { bsonToNdjson } from '../index.ts';
import { codesOf, documentOf, type Options, readChunks } from '../testing/read-rows.ts';
import {
  anyStoredDocument,
  raw,
  rawBinary,
  rawDocument,
  rawString,
  type RawValue,
  wrapperNames,
} from '../testing/raw-bson.ts';

const canonical: Options = { ejson: 'canonical' };
const lines = (documents: Uint8Array) => Buffer.from(bsonToNdjson(documents, { ejson: 'canonical' })).toString();
const one = raw(INT32, Buffer.of(1, 0, 0, 0));
const stored = (value: RawValue) =>
  rawDocument([
    ['_id', one],
    ['a', value],
  ]);

describe('canonical export and import', () => {
  it('are the identity for every BSON type, whatever the names', () => {
    fc.assert(
      fc.property(fc.array(anyStoredDocument, { minLength: 1, maxLength: 5 }), (documents) => {
        const all = Buffer.concat(documents);
        const { chunks, fault } = readChunks(lines(all), canonical);

        expect(fault).toBeUndefined();
        expect(chunks.flatMap(({ rejected }) => rejected)).toEqual([]);
        const again = Buffer.concat(chunks.map((chunk) => chunk.documents));
        expect(again.equals(all)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('are it for every subtype of Binary', () => {
    for (let subtype = 0; subtype < 256; subtype++) {
      for (const data of [[], [1, 2, 3]]) {
        const document = stored(rawBinary(Uint8Array.from(data), subtype));

        expect(Buffer.from(documentOf(lines(document), canonical)).equals(document)).toBe(true);
      }
    }
  });

  it.each(wrapperNames)('keep a document whose first name is %s a document', (name) => {
    for (const value of [raw(STRING, rawString('0102030405060708090a0b0c')), one, raw(DOCUMENT, rawDocument([]))]) {
      const inner = raw(DOCUMENT, rawDocument([[name, value]]));
      const document = stored(raw(DOCUMENT, rawDocument([['b', inner]])));

      expect(Buffer.from(documentOf(lines(document), canonical)).equals(document)).toBe(true);
    }
  });

  it('write such a document as $document, and other names that begin with $ as they are', () => {
    const like = { _id: 1, a: { $oid: 'x' }, b: { $set: { 'c.d': 1 } }, $e: [{ $type: 'string' }, { x: 1, $date: 2 }] };

    expect(lines(serialize(like))).toBe(
      '{"_id":{"$numberInt":"1"},"a":{"$document":{"$oid":"x"}},"b":{"$set":{"c.d":{"$numberInt":"1"}}},' +
        '"$e":[{"$document":{"$type":"string"}},{"x":{"$numberInt":"1"},"$date":{"$numberInt":"2"}}]}\n',
    );
  });

  it('see a document in $document as one where a schema is checked', () => {
    const rows: unknown[] = [];
    const row = '{"_id":1,"$oid":"top","a":{"$document":{"$numberLong":"1"}},"b":{"$numberLong":"1"}}';
    readChunks(row, { ...canonical, validate: (plain) => void rows.push(plain) });

    expect(rows).toEqual([{ _id: 1, $oid: 'top', a: { $numberLong: '1' }, b: 1 }]);
  });
});

describe('what canonical text has no form for', () => {
  const nan = (hex: string) => raw(DOUBLE, Buffer.from(hex, 'hex'));
  const changed: [string, RawValue, unknown][] = [
    ['a NaN with a payload or a sign is the NaN', nan('010000000000f8ff'), NaN],
    ['text that is not UTF-8 has U+FFFD for what is none', raw(STRING, Buffer.from('02000000ff00', 'hex')), '\ufffd'],
    [
      'a Decimal128 of more than 34 digits is 0, as it counts',
      raw(DECIMAL128, Buffer.from(`${'ff'.repeat(14)}4130`, 'hex')),
      undefined,
    ],
    [
      'a Binary of subtype 2 without its inner length gets one',
      raw(BINARY, Buffer.from('010000000207', 'hex')),
      undefined,
    ],
  ];

  it.each(changed)('%s, and the text stays the same from then on', (_what, value, expected) => {
    const document = stored(value);
    const text = lines(document);
    const again = documentOf(text, canonical);

    expect(Buffer.from(again).equals(document)).toBe(false);
    expect(lines(again)).toBe(text);
    if (expected !== undefined) expect(deserialize(again).a).toEqual(expected);
  });

  it('counts the items of an array anew where their stored names were not 0, 1, 2', () => {
    const array = raw(0x04, rawDocument([['7', one]]));

    expect(deserialize(documentOf(lines(stored(array)), canonical))).toEqual({ _id: 1, a: [1] });
  });

  it.each([
    [
      'a field that occurs twice',
      [
        ['a', one],
        ['a', one],
      ] as const,
      'DUPLICATE_FIELD',
    ],
    ['more than 10,000 fields', Array.from({ length: 10_000 }, (_, n) => [`f${n}`, one] as const), 'TOO_MANY_COLUMNS'],
  ])('is refused by name: %s', (_what, fields, code) => {
    expect(codesOf(lines(rawDocument([['_id', one], ...fields])), canonical)).toEqual([code]);
  });

  it('is refused by name: a document nested deeper than 100 levels', () => {
    const nested = (levels: number) => {
      let value = one;
      for (let level = 1; level < levels; level++) value = raw(DOCUMENT, rawDocument([['d', value]]));
      return lines(stored(value));
    };

    expect(codesOf(nested(100), canonical)).toEqual([]);
    expect(codesOf(nested(101), canonical)).toEqual(['NESTED_TOO_DEEP']);
  });
});

describe('names that only ejson=canonical takes', () => {
  it.each(['{"$a":1}', '{"a.b":1}', '{"a":{"$set":1}}', '{"a":{"$document":{"$oid":"x"}}}'])(
    'are refused otherwise: %s',
    (row) => {
      expect(codesOf(row)).toEqual(['INVALID_FIELD_NAME']);
      expect(codesOf(row, { ejson: 'off' })).toEqual(['INVALID_FIELD_NAME']);
      expect(codesOf(row, canonical)).toEqual([]);
    },
  );

  it('leave wrappers what they are, and refuse wrong ones', () => {
    expect(codesOf('{"a":{"$oid":"x"}}', canonical)).toEqual(['INVALID_EXTENDED_JSON']);
    expect(codesOf('{"a":{"$document":1}}', canonical)).toEqual(['INVALID_EXTENDED_JSON']);
    expect(codesOf('{"a":{"$document":{},"b":1}}', canonical)).toEqual(['INVALID_EXTENDED_JSON']);
  });

  it('come with the options of a regular expression in their order', () => {
    const unsorted = stored(raw(REGEX, Buffer.from('x\0xi\0')));

    expect(Buffer.from(documentOf(lines(unsorted), canonical)).equals(unsorted)).toBe(true);
    expect(lines(documentOf(lines(unsorted)))).toContain('"options":"ix"');
  });
});
