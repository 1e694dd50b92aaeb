import type { RowProblem } from '../rows/row-errors.ts';
import { shorten } from '../json/json-cursor.ts';
import { compileSchema, type RowSchema } from './row-schema.ts';

/** Why a row does not match its dataset's schema; undefined where it does. */
export type SchemaCheck = (row: unknown) => RowProblem | undefined;

/**
 * Checks rows against a JSON Schema 2020-12, the first fault only: a row is refused for one reason. Throws SchemaError,
 * at once or at a row, where the schema is one that no row can be checked against.
 */
export function schemaCheck(schema: Readonly<Record<string, unknown>>): SchemaCheck {
  const check = compileSchema(schema);
  return (row) => problemOf(row, check(row));
}

function problemOf(row: unknown, error: ReturnType<RowSchema>): RowProblem | undefined {
  if (!error) return undefined;
  const names = error.instancePath.split('/').slice(1).map(nameOf);
  const path = names.join('.');
  const what = path === '' ? 'The row' : `The field ${path}`;
  const message = `${what} ${error.message ?? 'does not match the schema'}.`;
  if (error.keyword === 'required') {
    // The field to blame is the one that is not there.
    return { code: 'SCHEMA_VIOLATION', message, path: [...names, String(error.params.missingProperty)].join('.') };
  }
  if (path === '') return { code: 'SCHEMA_VIOLATION', message };
  const value = names.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], row);
  return { code: 'SCHEMA_VIOLATION', message, path, ...(isScalar(value) && { value: shorten(String(value)) }) };
}

/** RFC 6901 §4. */
const nameOf = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** What is one value, and not large by what it holds. */
const isScalar = (value: unknown): boolean => value === null || !['object', 'undefined'].includes(typeof value);
