import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { schemaCheckOf } from './schema-check.ts';

describe('schemaCheckOf', () => {
  const check = schemaCheckOf({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date-time' },
      big: { format: 'int64' },
      lines: { type: 'array', items: { properties: { qty: { type: 'integer' } } } },
    },
    required: ['at'],
  });

  it('passes rows that match, formats of stored types among them', () => {
    expect(check({ at: '2026-01-02T03:04:05Z', big: 5, lines: [{ qty: 1 }] })).toBeUndefined();
  });

  it('names the first field that does not', () => {
    expect(check({ at: 'yesterday' })).toEqual({
      code: 'SCHEMA_VIOLATION',
      path: 'at',
      message: 'The field at must match format "date-time".',
      value: 'yesterday',
    });
    expect(check({ at: '2026-01-02T03:04:05Z', lines: [{ qty: 'x' }] })).toMatchObject({ path: 'lines.0.qty' });
    expect(check({})).toMatchObject({ path: 'at', message: "The row must have required property 'at'." });
  });

  it('says SCHEMA_INVALID of a schema that no row can be checked against, at once or at the row', () => {
    expect(codeOf(() => schemaCheckOf({ $async: true }))).toBe('SCHEMA_INVALID');
    expect(codeOf(() => schemaCheckOf({ pattern: '(?=a)' }))).toBe('SCHEMA_INVALID');
    const endless = schemaCheckOf({ type: 'object', $ref: '#' });
    expect(codeOf(() => endless([]))).toBe('returned');
    expect(codeOf(() => endless({}))).toBe('SCHEMA_INVALID');
  });
});

const codeOf = (work: () => unknown) => {
  try {
    work();
    return 'returned';
  } catch (error) {
    return error instanceof KeyportError ? error.code : error;
  }
};
