import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { checkKey, isSameKey } from './dataset-key.ts';
import { checkSchema } from './json-schema.ts';

const codeOf = (work: () => void) => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof KeyportError ? error.code : error;
  }
};

describe('a schema', () => {
  it('may have formats and keywords that a validator does not know', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { money: { type: 'string', format: 'decimal' } },
      type: 'object',
      properties: { price: { $ref: '#/$defs/money' }, at: { type: 'string', format: 'date-time', 'x-label': 'When' } },
      required: ['price'],
    };

    expect(codeOf(() => checkSchema(schema))).toBe('accepted');
    expect(codeOf(() => checkSchema({ ...schema, $id: 'https://example.org/a' }))).toBe('accepted');
    expect(codeOf(() => checkSchema({ ...schema, $id: 'https://example.org/a' }))).toBe('accepted');
  });

  it('is refused where the meta-schema, a reference or a pattern says no', () => {
    const wrong = [
      { type: 'objekt' },
      { properties: [] },
      { $ref: '#/$defs/missing' },
      { $ref: 'https://example.org/elsewhere' },
      { type: 'string', pattern: '(' },
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      { properties: { a: { pattern: '(?=a)b' } } },
      { patternProperties: { '(a)\\1': {} } },
      { $async: true },
      { $ref: '#' },
      { description: 'x'.repeat(300_000) },
    ];

    expect(wrong.map((schema) => codeOf(() => checkSchema(schema)))).toEqual(wrong.map(() => 'SCHEMA_INVALID'));
  });
});

describe('a key', () => {
  it('names each field once, by paths that can be indexed', () => {
    expect(codeOf(() => checkKey(['a', 'b.c', '_id']))).toBe('accepted');
    for (const key of [['a', 'a'], ['a..b'], ['a.$b'], ['_id']]) {
      expect(codeOf(() => checkKey(key))).toBe('VALIDATION_FAILED');
    }
  });

  it('is another one in another order', () => {
    expect(isSameKey(['a', 'b'], ['b', 'a'])).toBe(false);
    expect(isSameKey(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(isSameKey(null, ['a'])).toBe(false);
    expect(isSameKey(null, null)).toBe(true);
  });
});
