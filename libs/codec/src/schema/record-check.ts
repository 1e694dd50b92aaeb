import { plainDocument } from '../csv/plain-document.ts';
import type { RowProblem } from '../rows/row-errors.ts';
import { textFieldsOf } from './json-form.ts';
import { schemaCheck } from './schema-check.ts';

/** Why a record does not match its dataset's schema; undefined where it does. */
export type RecordCheck = (document: Uint8Array) => RowProblem | undefined;

/**
 * Checks whole documents (BSON) against a JSON Schema 2020-12 as their rows would be, in the form that an export as
 * Extended JSON has and a row is checked in: a date as RFC 3339 text and so on. `_id` is shown to a schema that names it
 * alone, since rows mostly come without. Throws SchemaError, at once or at a document.
 */
export function recordCheck(schema: Readonly<Record<string, unknown>>): RecordCheck {
  const check = schemaCheck(schema);
  const textFields = textFieldsOf(schema);
  const withId = namesId(schema);
  return (document) => check(plainDocument(document, withId, textFields));
}

/** Whether a schema speaks of `_id` at its top, in `properties` or `required`. */
export function namesId({ properties, required }: Readonly<Record<string, unknown>>): boolean {
  const isProperty = typeof properties === 'object' && properties !== null && Object.hasOwn(properties, '_id');
  return isProperty || (Array.isArray(required) && required.includes('_id'));
}
