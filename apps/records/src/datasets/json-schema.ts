import { examineSchema, SchemaError } from '@keyport/codec';
import { KeyportError } from '@keyport/contracts';

/** Throws SCHEMA_INVALID where it is not a JSON Schema 2020-12 that rows can be checked against. */
export function checkSchema(schema: Readonly<Record<string, unknown>>): void {
  try {
    examineSchema(schema);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new KeyportError('SCHEMA_INVALID', { reason: error.message }, { cause: error });
  }
}
