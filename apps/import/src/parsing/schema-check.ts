import { compileSchema, SchemaError, type RowProblem, type RowSchema } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** Why a row does not match its dataset's schema; undefined where it does. */
export type SchemaCheck = (row: unknown) => RowProblem | undefined;

/**
 * Checks rows against a JSON Schema 2020-12, the first fault only: a row is refused for one reason. Throws
 * SCHEMA_INVALID, at once or at a row, where the schema is one that no row can be checked against.
 */
export function schemaCheckOf(schema: Record<string, unknown>): SchemaCheck {
  const check = orSchemaInvalid(() => compileSchema(schema));
  return (row) => faultOf(orSchemaInvalid(() => check(row)));
}

function orSchemaInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new KeyportError('SCHEMA_INVALID', { reason: error.message }, { cause: error });
  }
}

function faultOf(error: ReturnType<RowSchema>): RowProblem | undefined {
  if (!error) return undefined;
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  const what = path === '' ? 'The row' : `The field ${path}`;
  const message = `${what} ${error.message ?? 'does not match the schema'}.`;
  return { code: 'SCHEMA_VIOLATION', message, ...(path !== '' && { path }) };
}
