import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NotAnObject, objectMembers } from './object-members.ts';

const textsOf = (text: string) => {
  const bytes = Buffer.from(text);
  return objectMembers(bytes).map(([name, { start, end }]) => [name, bytes.toString('utf8', start, end)]);
};

describe('the members of a JSON object', () => {
  it('are found with their values as they were sent', () => {
    const text = ' {"a" : 1.10 ,"b":"x\\"}", "c":{"d":[1,{"e":"]"}]} , "\\u0066":true, "é":null}\n';

    expect(textsOf(text)).toEqual([
      ['a', '1.10'],
      ['b', '"x\\"}"'],
      ['c', '{"d":[1,{"e":"]"}]}'],
      ['f', 'true'],
      ['é', 'null'],
    ]);
  });

  it('are all told where a name comes twice, and none where there are none', () => {
    expect(textsOf('{"a":1,"a":2}')).toEqual([
      ['a', '1'],
      ['a', '2'],
    ]);
    expect(textsOf('{ }')).toEqual([]);
  });

  it('are those that JSON.parse finds, in any object and spacing', () => {
    const spacing = fc.constantFrom(undefined, 1, '\t', '\r\n');
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), spacing, (object, space) => {
        // What JSON.stringify writes for `__proto__` is no member of an object of JavaScript.
        fc.pre(!Object.keys(object).includes('__proto__'));
        const text = JSON.stringify(object, undefined, space);

        const found = textsOf(text).map(([name, value]) => [name, JSON.parse(value as string) as unknown]);

        expect(Object.fromEntries(found)).toEqual(JSON.parse(text));
      }),
      { seed: 20_261_130 },
    );
  });

  it.each([
    '',
    'x',
    '[]',
    '"a"',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,}',
    '{"a":"',
    '{"a":{}',
    '{a:1}',
    '{"a":1}x',
    '{"a":,"b":1}',
    '{"\\x":1}',
  ])('are not found in %j', (text) => {
    expect(() => textsOf(text)).toThrow(NotAnObject);
  });
});
