import type { RowProblem } from '../rows/row-errors.ts';
import { compileSchema, type RowSchema } from './row-schema.ts';

/** Why a row does not match its dataset's schema; undefined where it does. */
export type SchemaCheck = (row: unknown) => RowProblem | undefined;

/**
 * Checks rows against a JSON Schema 2020-12, the first fault only: a row is refused for one reason. Throws SchemaError,
 * at once or at a row, where the schema is one that no row can be checked against.
 */
export function schemaCheck(schema: Readonly<Record<string, unknown>>): SchemaCheck {
  const check = compileSchema(schema);
  return (row) => problemOf(check(row));
}

function problemOf(error: ReturnType<RowSchema>): RowProblem | undefined {
  if (!error) return undefined;
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const what = path === '' ? 'The row' : `The field ${path}`;
  const message = `${what} ${error.message ?? 'does not match the schema'}.`;
  return { code: 'SCHEMA_VIOLATION', message, ...(path !== '' && { path }) };
}
