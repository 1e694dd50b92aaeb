import type { WriteRejection } from '@keyport/contracts';
import { elementAtPath, type RawPath } from '@keyport/mongo';
import type { ChunkRow } from './chunk.ts';

/** Fields of a record that its schema asks for: no merged row is checked for them before it meets its record. */
export type RequiredFields = ReadonlyMap<string, RawPath>;

/** Those at the top of a JSON Schema (Validation 2020-12, §6.5.3), given as its text. */
export function requiredFields(schemaText: string | null): RequiredFields {
  const { required } = (schemaText === null ? {} : JSON.parse(schemaText)) as { readonly required?: unknown };
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  return new Map(names.map((name) => [name, [Buffer.from(name)]]));
}

/** Why the row is no whole record; undefined where it is. */
export function missingField({ bytes, start, index }: ChunkRow, required: RequiredFields): WriteRejection | undefined {
  for (const [name, path] of required) {
    if (elementAtPath(bytes, path, start)) continue;
    return {
      index,
      code: 'SCHEMA_VIOLATION',
      message: `The record must have required property '${name}'.`,
      path: name,
    };
  }
  return undefined;
}
