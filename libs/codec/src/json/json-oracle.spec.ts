import { describe, expect, it } from '@jest/globals';
import { Double, Int32, Long, serialize } from 'bson';
import fc from 'fast-check';
import { documentOf, read } from '../testing/read-rows.ts';

/** What JSON.parse makes of the row, or undefined where it refuses it or it is no object. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const name = fc
  .string({ unit: 'binary', maxLength: 6 })
  .filter((text) => !/^\$|[.\0]/.test(text) && text.isWellFormed());
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 12 }),
    fc.dictionary(name, tie('any'), { maxKeys: 6 }),
  ),
})).any;
const row = fc.dictionary(name, value, { maxKeys: 8 }).filter((object) => !('_id' in object));

/** Numbers as the reader stores what JSON.stringify writes. */
function typed(item: unknown): unknown {
  if (typeof item === 'number') {
    if (!/^-?\d+$/.test(JSON.stringify(item))) return new Double(item);
    if (Object.is(item | 0, item)) return new Int32(item);
    return Number.isSafeInteger(item) ? Long.fromNumber(item) : Long.fromString(JSON.stringify(item));
  }
  if (Array.isArray(item)) return item.map(typed);
  if (typeof item === 'object' && item !== null)
    return new Map(Object.entries(item).map(([key, inner]) => [key, typed(inner)]));
  return item;
}

const spaces = fc.constantFrom('', ' ', '\t', ' \r ');

describe('JSON against JSON.parse and bson as oracles', () => {
  it('writes the same bytes as bson does for what JSON.parse reads', () => {
    fc.assert(
      fc.property(row, fc.constantFrom(0, 1), (object, indent) => {
        // Numbers beyond 64 bits are refused, which another test looks at.
        const text = JSON.stringify(object, (_, inner: unknown) =>
          typeof inner === 'number' && Number.isInteger(inner) && Math.abs(inner) >= 2 ** 63
            ? 0.5
            : Object.is(inner, -0)
              ? 0
              : inner,
        );
        const own = JSON.stringify({ _id: 'x' }).slice(0, -1) + (text === '{}' ? '' : ',') + text.slice(1);
        const expected = serialize(typed(JSON.parse(own)) as object);

        expect(Buffer.from(documentOf(indent ? own.replaceAll(/^/g, ' ') : own)).equals(expected)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('takes exactly the mutated rows that JSON.parse takes', () => {
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 2 }),
      insert: fc.constantFrom(
        '',
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '0',
        '-',
        '.',
        'e',
        '\u0001',
        'n',
        'tru',
        ' ',
        '\\u00',
        'é',
      ),
    });
    let taken = 0;
    fc.assert(
      fc.property(row, fc.array(mutation, { maxLength: 2 }), spaces, (object, mutations, space) => {
        let text = JSON.stringify(object);
        for (const { at, remove, insert } of mutations) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + remove);
        }
        if (!text.isWellFormed()) return;
        const { documents, rejected } = read(`{}\n${space}${text}${space}\n{}`);
        const accepted = documents.length === 3;
        taken += accepted ? 1 : 0;
        const [reject] = rejected;
        // Rules beyond JSON's grammar may refuse a row, never a broken row pass.
        if (parsed(text) === undefined) expect(accepted).toBe(false);
        else if (!accepted) expect(reject!.code).toMatch(/FIELD|RANGE|SURROGATE|EXTENDED|INVALID_ID/);
        if (reject) expect(reject.row).toBe(2);
      }),
      { numRuns: 800 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('reads every double as JavaScript does', () => {
    const text = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number.toExponential()),
      fc.tuple(fc.nat(), fc.nat({ max: 999_999_999 })).map(([whole, part]) => `${whole}.${part}`),
      fc
        .tuple(fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.integer({ min: -330, max: 280 }))
        .map(([digits, e]) => `${digits}e${e}`),
    );
    fc.assert(
      fc.property(text, (number) => {
        const bytes = documentOf(`{"_id":0,"a":${number}}`);
        expect(Buffer.from(bytes).readDoubleLE(bytes.length - 9)).toBe(Number(number));
      }),
      { numRuns: 1000 },
    );
  });
});
