import { KeyportError } from '@keyport/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';

/**
 * Throws SCHEMA_INVALID where it is not a JSON Schema 2020-12 that can be checked with: against the meta-schema, and for
 * references that lead nowhere and patterns that are no regular expressions. Unknown keywords and formats are allowed
 * (JSON Schema 2020-12 Core §6.5, Validation §7.2); remote references are not fetched.
 */
export function checkSchema(schema: Readonly<Record<string, unknown>>): void {
  // A fresh instance: one that is kept would keep every schema, and every `$id` would be taken.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  try {
    ajv.compile(schema);
  } catch (error) {
    throw new KeyportError('SCHEMA_INVALID', { reason: reasonOf(error) }, { cause: error });
  }
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^schema is invalid: /, '').slice(0, 500);
