import { recordCheck, type RecordCheck } from '@keyport/codec';
import type { WriteRejection } from '@keyport/contracts';
import { orSchemaInvalid } from '../datasets/json-schema.ts';
import { documentOf, type ChunkRow } from './chunk.ts';

/** Why the row is no record that the schema allows; undefined where it is. */
export type CheckRow = (row: ChunkRow) => WriteRejection | undefined;

/** Compiling a large schema takes up to a second, and chunks of many imports follow each other. */
const maxKept = 16;
const kept = new Map<string, RecordCheck>();

/** Of a JSON Schema, given as its text. The check throws SCHEMA_INVALID where no record can be checked against it. */
export function rowCheckOf(schemaText: string): CheckRow {
  const check = orSchemaInvalid(() => compiled(schemaText));
  return (row) => {
    const problem = orSchemaInvalid(() => check(documentOf(row)));
    if (!problem) return undefined;
    const { code, message, path } = problem;
    return {
      index: row.index,
      code,
      message: message.replace(/^The row /, 'The record '),
      ...(path !== undefined && { path }),
    };
  };
}

function compiled(schemaText: string): RecordCheck {
  const known = kept.get(schemaText);
  const check = known ?? recordCheck(JSON.parse(schemaText) as Record<string, unknown>);
  // The one used last stands last.
  kept.delete(schemaText);
  kept.set(schemaText, check);
  const [oldest] = kept.keys();
  if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
  return check;
}
