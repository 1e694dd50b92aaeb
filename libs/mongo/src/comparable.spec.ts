import { describe, expect, it } from '@jest/globals';
import { BSON, BSONSymbol, Code, Decimal128, Double, Int32, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { comparable, comparableAll } from './comparable.ts';
import { elementsOf } from './raw-bson.ts';

const elements = (values: readonly unknown[]) => [...elementsOf(Buffer.from(BSON.serialize({ ...values })))];
const textOf = (value: unknown) => comparable(elements([value])[0]);

describe('comparable', () => {
  it('takes one number for equal in all four types', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
        const same = [
          new Int32(value),
          new Double(value),
          Long.fromNumber(value),
          Decimal128.fromString(String(value)),
        ];
        expect(new Set(same.map(textOf)).size).toBe(1);
      }),
    );
  });

  it('tells different doubles apart, and gives a double the text of its exact decimal', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, double, (one, other) => {
        expect(textOf(new Double(one)) === textOf(new Double(other))).toBe(one === other);
      }),
    );
    expect(textOf(new Double(0.5))).toBe(textOf(Decimal128.fromString('0.50')));
    expect(textOf(new Double(0.1))).not.toBe(textOf(Decimal128.fromString('0.1')));
    expect(textOf(new Double(2 ** 70))).toBe(textOf(Decimal128.fromString('1180591620717411303424')));
  });

  it('tells neighbouring 64-bit integers apart that are one double', () => {
    expect(textOf(Long.fromString('9007199254740993'))).not.toBe(textOf(new Double(9007199254740992)));
    expect(textOf(Long.fromString('9007199254740992'))).toBe(textOf(new Double(9007199254740992)));
  });

  it('knows zeros, infinities and NaN over the types', () => {
    expect(textOf(new Double(-0))).toBe(textOf(new Int32(0)));
    expect(textOf(Decimal128.fromString('-0E+10'))).toBe(textOf(new Int32(0)));
    expect(textOf(new Double(Infinity))).toBe(textOf(Decimal128.fromString('Infinity')));
    expect(textOf(new Double(NaN))).toBe(textOf(Decimal128.fromString('NaN')));
    expect(textOf(Decimal128.fromString('1E+3'))).toBe(textOf(new Int32(1000)));
  });

  it('does not take a text for a number, nor an ObjectId for its hex', () => {
    const id = new ObjectId();

    expect(textOf('5')).not.toBe(textOf(new Int32(5)));
    expect(textOf(id)).not.toBe(textOf(id.toHexString()));
    expect(textOf(new BSONSymbol('a'))).toBe(textOf('a'));
    expect(textOf(true)).not.toBe(textOf(new Int32(1)));
    expect(textOf(null)).toBe(comparable(undefined));
  });

  it('compares code with its scope as a document, and by that from code without one', () => {
    const code = (scope?: BSON.Document) => textOf(new Code('x', scope));

    expect(code({ y: new Int32(1) })).toBe(code({ y: new Double(1) }));
    expect(new Set([code(), code({}), code({ y: 1 }), code({ y: 2 }), textOf(new Code('xy', {}))]).size).toBe(5);
  });

  it('compares embedded documents by order, names and values', () => {
    expect(textOf({ a: 1, b: 2 })).not.toBe(textOf({ b: 2, a: 1 }));
    expect(textOf({ a: new Int32(1) })).toBe(textOf({ a: new Double(1) }));
    expect(textOf({ a: '1' })).not.toBe(textOf({ a: 1 }));
    expect(textOf({ 0: 'x' })).not.toBe(textOf(['x']));
  });

  it('does not let two lists of texts run into one another', () => {
    const text = fc.string({ unit: fc.constantFrom('s', '1', ':', '2') });
    const list = fc.array(text, { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(list, list, (one, other) => {
        const isSame = one.length === other.length && one.every((value, index) => value === other[index]);
        expect(comparableAll(elements(one)) === comparableAll(elements(other))).toBe(isSame);
      }),
    );
  });
});
