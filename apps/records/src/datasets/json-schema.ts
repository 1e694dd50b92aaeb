import { examineSchema, SchemaError } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** Throws SCHEMA_INVALID where it is not a JSON Schema 2020-12 that rows can be checked against. */
export const checkSchema = (schema: Readonly<Record<string, unknown>>): void =>
  orSchemaInvalid(() => examineSchema(schema));

/** What the work gives; SCHEMA_INVALID where the codec says that no row can be checked against the schema. */
export function orSchemaInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new KeyportError('SCHEMA_INVALID', { reason: error.message }, { cause: error });
  }
}
