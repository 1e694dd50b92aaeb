import { schemaCheck, SchemaError, type SchemaCheck } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** The codec's check. Throws SCHEMA_INVALID, at once or at a row, where no row can be checked against the schema. */
export function schemaCheckOf(schema: Record<string, unknown>): SchemaCheck {
  const check = orSchemaInvalid(() => schemaCheck(schema));
  return (row) => orSchemaInvalid(() => check(row));
}

function orSchemaInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new KeyportError('SCHEMA_INVALID', { reason: error.message }, { cause: error });
  }
}
