import type { RowProblem } from '@keyport/codec';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Why a row does not match its dataset's schema; undefined where it does. */
export type SchemaCheck = (row: unknown) => RowProblem | undefined;

/** Formats that name stored types, and that the codec has checked on its way (docs: datasets). */
const storedTypeFormats = ['int64', 'decimal', 'objectid'];

/** Checks rows against a JSON Schema 2020-12, the first fault only: a row is refused for one reason. */
export function schemaCheckOf(schema: Record<string, unknown>): SchemaCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false });
  addFormats.default(ajv);
  for (const format of storedTypeFormats) ajv.addFormat(format, true);
  const validate = ajv.compile(schema);
  return (row) => (validate(row) ? undefined : faultOf(validate.errors?.[0]));
}

function faultOf(error: ErrorObject | undefined): RowProblem {
  const path = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const message = error?.message ?? 'does not match the schema';
  return { code: 'SCHEMA_VIOLATION', message, ...(path !== '' && { path }) };
}
