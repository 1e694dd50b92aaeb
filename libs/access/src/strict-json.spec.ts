import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseStrictJson } from './strict-json.ts';
import { TokenFault } from './token-fault.ts';

/** Objects of at most seven levels, with names that need escapes. */
const flatEnough = fc.dictionary(
  fc.string({ maxLength: 8, unit: 'grapheme' }),
  fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constant('}:{"a":1,"a":2')),
  { noNullPrototype: true },
);

describe('parseStrictJson', () => {
  it('reads every unambiguous object as JSON.parse does, whatever its strings hold', () => {
    fc.assert(
      fc.property(flatEnough, fc.integer({ min: 0, max: 3 }), (object, indent) => {
        const text = JSON.stringify(object, null, indent);

        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses an object in which any one name stands twice', () => {
    fc.assert(
      fc.property(flatEnough, fc.nat(), (object, pick) => {
        const names = Object.keys(object);
        fc.pre(names.length > 0);
        const name = names[pick % names.length] ?? '';
        const text = JSON.stringify(object).replace('{', `{${escaped(name)}:0,`);

        expect(() => parseStrictJson(text)).toThrow(TokenFault);
      }),
    );
  });

  it('lets the same name stand in two objects', () => {
    expect(parseStrictJson('{"a":{"x":1},"b":[{"x":1},{"x":2}],"x":3}')).toEqual({
      a: { x: 1 },
      b: [{ x: 1 }, { x: 2 }],
      x: 3,
    });
  });

  it('keeps __proto__ as a name like any other', () => {
    const parsed = parseStrictJson('{"__proto__":{"admin":true}}');

    expect(Object.hasOwn(parsed, '__proto__')).toBe(true);
    expect((parsed as { admin?: boolean }).admin).toBeUndefined();
  });

  it('allows eight levels and refuses nine', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

    expect(parseStrictJson(nested(8))).toHaveProperty('a');
    expect(() => parseStrictJson(nested(9))).toThrow('nested too deeply');
  });
});

/** The same name, every character written as an escape. */
const escaped = (name: string) =>
  `"${Array.from({ length: name.length }, (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`;
