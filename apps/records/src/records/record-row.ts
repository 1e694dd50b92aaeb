import {
  createRowReader,
  FileError,
  fieldTypesOf,
  schemaCheck,
  SchemaError,
  textFieldsOf,
  type Chunk,
  type RowErrorCode,
} from '@keyport/codec';
import { KeyportError, type FieldProblem } from '@keyport/contracts';
import { asBuffer } from '@keyport/mongo';

/** A record as it was sent. */
export interface RecordRow {
  /** BSON with `_id` as its first element. */
  readonly document: Buffer;
  /** False where `_id` only keeps its place. */
  readonly hasOwnId: boolean;
}

/** Of an `_id` that is replaced before anything is stored. */
const idPrefix = Buffer.alloc(8);
const openingBrace = 0x7b;
/** What is no JSON text at all. */
const malformed: ReadonlySet<RowErrorCode> = new Set(['MALFORMED_JSON', 'INVALID_UTF8', 'INVALID_UTF16']);
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * One JSON object as a row of an import would be read: typed and checked by the dataset's schema, which is JSON text.
 * Throws MALFORMED_BODY, VALIDATION_FAILED, and SCHEMA_INVALID.
 */
export function readRecord(json: Buffer, schemaText: string | null): RecordRow {
  if (json.find((byte) => !spaces.has(byte)) !== openingBrace) throw invalidRecord({ message: 'must be one object' });
  const { documents, hasOwnIds, rejected } = chunkOf(json, schemaText);
  const [problem] = rejected;
  if (problem && malformed.has(problem.code)) throw new KeyportError('MALFORMED_BODY');
  if (problem) throw invalidRecord(problem);
  return { document: asBuffer(documents), hasOwnId: hasOwnIds };
}

/** VALIDATION_FAILED for a record that cannot be stored. */
export function invalidRecord({ path = 'body', code = 'custom', message }: Partial<FieldProblem>): KeyportError {
  return new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path, code, message: message ?? 'is not valid' }] });
}

function chunkOf(json: Buffer, schemaText: string | null): Chunk {
  try {
    const reader = createRowReader({ format: 'json', idPrefix, ...typingBy(schemaText) });
    reader.push(json);
    reader.end();
    const chunk = reader.read();
    // What follows the object is found when reading on.
    if (chunk && !reader.read()) return chunk;
    throw new KeyportError('MALFORMED_BODY');
  } catch (cause) {
    if (cause instanceof FileError) throw new KeyportError('MALFORMED_BODY', {}, { cause });
    if (cause instanceof SchemaError) throw new KeyportError('SCHEMA_INVALID', { reason: cause.message }, { cause });
    throw cause;
  }
}

function typingBy(schemaText: string | null) {
  if (schemaText === null) return {};
  const schema = JSON.parse(schemaText) as Record<string, unknown>;
  return { fieldTypes: fieldTypesOf(schema), textFields: textFieldsOf(schema), validate: schemaCheck(schema) };
}
