import {
  createKnownRowReader,
  createRowReader,
  fieldTypesOf,
  textFieldsOf,
  type Chunk,
  type KnownRow,
  type RowPosition,
  type RowReader,
} from '@keyport/codec';
import { KeyportError, type WriteMode } from '@keyport/contracts';
import type { ImportDocument } from '../imports/import.model.ts';
import { fileFault } from './file-fault.ts';
import { maxRawBytes } from '../rejects/reject-details.ts';
import type { ReadingOptions } from './reading-options.ts';
import { schemaCheckOf } from './schema-check.ts';

/** Rows of a file, read from its decoded bytes; those that are retried from their texts. */
export interface Rows<Source = Uint8Array> {
  /** Where reading goes on; of a new import undefined. */
  readonly from: RowPosition | undefined;
  push(source: Source): void;
  /** No more bytes come. */
  end(): void;
  /** The next whole chunk; undefined until more bytes came. Throws a KeyportError where the file cannot be read on. */
  read(): Chunk | undefined;
}

type Described = Pick<ImportDocument, '_id' | 'format' | 'readingText' | 'schemaText' | 'position' | 'mode' | 'key'>;

/** Goes on with the rows of an import where its stored position says. */
export function openRows(document: Described): Rows {
  const { from, options } = openingOf(document);
  const reader = createRowReader(options, from);
  return { from, push: (bytes) => reader.push(bytes), ...readingFrom(reader) };
}

/** The same of rows whose place in their file is known. */
export function openKnownRows(document: Described): Rows<readonly KnownRow[]> {
  const { from, options } = openingOf(document);
  const reader = createKnownRowReader(options, from);
  return { from, push: (rows) => reader.push(rows), ...readingFrom(reader) };
}

function openingOf(document: Described) {
  const { _id, format, readingText, schemaText, position } = document;
  const schema = schemaText === null ? null : (JSON.parse(schemaText) as Record<string, unknown>);
  const from = position.row === null ? undefined : (JSON.parse(position.row) as RowPosition);
  const reading = JSON.parse(readingText ?? '{}') as ReadingOptions;
  const needsId = matchesOnId(document);
  const typing = typingBy(schema, document.mode);
  return { from, options: { format, idPrefix: Buffer.from(_id, 'hex'), needsId, maxRawBytes, ...reading, ...typing } };
}

const readingFrom = (reader: Pick<RowReader, 'end' | 'read'>) => ({
  end: () => reader.end(),
  read: () => {
    try {
      return reader.read();
    } catch (error) {
      throw fileFault(error);
    }
  },
});

/** A row without `_id` would get one that no record has: sent again, it would be inserted again. */
export const matchesOnId = ({ mode, key }: Pick<Described, 'mode' | 'key'>): boolean =>
  mode !== 'insert' && (key.length === 0 || key.includes('_id'));

/** What is stored of a position. */
export const positionText = (position: RowPosition): string => JSON.stringify(position);

export interface RowSettings {
  readonly idPrefix: Uint8Array;
  readonly schema: Record<string, unknown> | null;
}

/** One row of NDJSON as a chunk of its own. */
export function parseRow(line: Uint8Array, { idPrefix, schema }: RowSettings): Chunk {
  const reader = createRowReader({ format: 'ndjson', idPrefix, ...typingBy(schema) });
  reader.push(line);
  reader.end();
  const chunk = reader.read();
  if (!chunk) throw new KeyportError('EMPTY_FILE');
  return chunk;
}

/**
 * A row that deletes is no record, so no schema is asked. One that is merged is a part of one: `records` sees whether what
 * comes of it matches.
 */
export function typingBy(schema: Record<string, unknown> | null, mode: WriteMode = 'insert') {
  if (schema === null) return {};
  const fieldTypes = fieldTypesOf(schema);
  if (mode === 'delete' || mode === 'merge') return { fieldTypes };
  return { fieldTypes, textFields: textFieldsOf(schema), validate: schemaCheckOf(schema) };
}
