import { describe, expect, it } from '@jest/globals';
import { compileSchema, examineSchema, SchemaError } from './row-schema.ts';

const reasonOf = (schema: Record<string, unknown>): string => {
  try {
    examineSchema(schema);
    return 'accepted';
  } catch (error) {
    if (error instanceof SchemaError) return error.message;
    throw error;
  }
};

const nested = (levels: number): Record<string, unknown> => {
  let schema = {};
  for (let level = 0; level < levels; level += 1) schema = { not: schema };
  return schema;
};

describe('compileSchema', () => {
  it('matches patterns in linear time, where JavaScript would take for ever', () => {
    const check = compileSchema({
      properties: { a: { type: 'string', pattern: '^(a+)+$' } },
      patternProperties: { '^(b+)+$': { type: 'integer' } },
    });

    expect(check({ a: 'a'.repeat(100_000) })).toBeUndefined();
    expect(check({ a: `${'a'.repeat(100_000)}!`, [`${'b'.repeat(50_000)}!`]: 'x' })?.instancePath).toBe('/a');
    expect(check({ bbb: 'x' })?.instancePath).toBe('/bbb');
  });

  it('tells patterns apart, and reads those of JavaScript', () => {
    const check = compileSchema({
      properties: { a: { pattern: '^\\d{2}$' }, b: { pattern: '^\\u00e9\\/(?<rest>.)$' }, c: { pattern: '^\\p{L}+$' } },
    });

    expect(check({ a: '12', b: 'é/x', c: 'Ünï' })).toBeUndefined();
    expect(check({ a: 'xx' })?.instancePath).toBe('/a');
    expect(check({ b: '12' })?.instancePath).toBe('/b');
    expect(check({ c: '1' })?.instancePath).toBe('/c');
  });

  it('finds a doubled item among many objects in linear time, whatever the order of their fields', () => {
    const check = compileSchema({ properties: { all: { uniqueItems: true } } });
    const many: object[] = Array.from({ length: 100_000 }, (_, n) => ({ n, of: [n, { text: 'x' }] }));

    expect(check({ all: many })).toBeUndefined();
    expect(check({ all: [...many, { of: [7, { text: 'x' }], n: 7 }] })).toMatchObject({
      instancePath: '/all',
      message: 'must NOT have duplicate items',
    });
    expect(check({ all: [1, '1', null, 'null', [], {}, true] })).toBeUndefined();
    expect(compileSchema({ uniqueItems: false })([1, 1])).toBeUndefined();
  });

  it('follows a recursive schema as deep and as wide as a row is', () => {
    const check = compileSchema({
      $defs: { tree: { type: 'object', properties: { of: { type: 'array', items: { $ref: '#/$defs/tree' } } } } },
      properties: { tree: { $ref: '#/$defs/tree' } },
    });
    const wide = Array.from({ length: 200_000 }, () => ({}));

    expect(check({ tree: { of: wide } })).toBeUndefined();
    expect(check({ tree: { of: [...wide, 1] } })?.instancePath).toBe('/tree/of/200000');
  });

  it('ends a schema that never ends, and one that takes twice as long for each level', () => {
    const doubling = {
      $defs: { node: { properties: { a: { allOf: [{ $ref: '#/$defs/node' }, { $ref: '#/$defs/node' }] } } } },
      $ref: '#/$defs/node',
    };
    let deep: unknown = 1;
    for (let level = 0; level < 60; level += 1) deep = { a: deep };

    expect(() => compileSchema({ properties: { a: { not: { $ref: '#/properties/a' } } } })({ a: 1 })).toThrow(
      SchemaError,
    );
    expect(() => compileSchema({ $ref: '#' })({})).toThrow(SchemaError);
    expect(() => compileSchema(doubling)(deep)).toThrow(SchemaError);
    expect(compileSchema(doubling)({ a: { a: 1 } })).toBeUndefined();
  });

  it('has a budget for each row, not for all rows together', () => {
    const check = compileSchema({ $defs: { any: {} }, additionalProperties: { $ref: '#/$defs/any' } });

    for (let row = 0; row < 20_000; row += 1) expect(check({ row })).toBeUndefined();
  });
});

describe('examineSchema', () => {
  it('refuses patterns that cannot be run in linear time', () => {
    expect(reasonOf({ pattern: '(?=a)b' })).toContain('(?=');
    expect(reasonOf({ pattern: '(a)\\1' })).toContain('\\1');
    expect(reasonOf({ patternProperties: { '(?<!a)b': {} } })).toContain('(?<!a)b');
    expect(reasonOf({ pattern: '(' })).toContain('Unterminated group');
    expect(reasonOf({ pattern: '^[A-Z]{2}-\\d+$', propertyNames: { pattern: '^\\w+$' } })).toBe('accepted');
  });

  it('refuses asynchronous schemas, wherever they say so', () => {
    const wrong = [
      { $async: true },
      { properties: { a: { $async: true, type: 'string' } } },
      { $defs: { a: { $async: true } }, properties: { a: { $ref: '#/$defs/a' } } },
    ];

    for (const schema of wrong) expect(reasonOf(schema)).toContain('async');
  });

  it('refuses schemas whose references lead back to where they stand', () => {
    const wrong = [
      { $ref: '#' },
      { $dynamicAnchor: 'x', $dynamicRef: '#x' },
      { type: 'array', $ref: '#' },
      { $defs: { a: { $ref: '#/$defs/b' }, b: { anyOf: [{ $ref: '#/$defs/a' }] } }, $ref: '#/$defs/a' },
    ];

    for (const schema of wrong) expect(reasonOf(schema)).toContain('its references lead on too far');
    expect(reasonOf({ properties: { next: { $ref: '#' } } })).toBe('accepted');
  });

  it('refuses schemas that are too large or nested too deep', () => {
    expect(reasonOf(nested(60))).toBe('accepted');
    expect(reasonOf(nested(100_000))).toBe('it is nested more than 64 levels deep');
    expect(reasonOf({ description: 'ü'.repeat(128 * 1024) })).toBe('it is larger than 262144 bytes of JSON');
  });
});
