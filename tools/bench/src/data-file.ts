import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { orderNdjson } from '@keyport/testing';
import { askChild } from './children/ask-child.ts';
import type { DigestedRows } from './children/digest-rows.ts';
import { orderCsv } from './order-csv.ts';

export type FileFormat = 'ndjson' | 'csv';

export interface DataFile {
  readonly path: string;
  readonly format: FileFormat;
  readonly rows: number;
  readonly bytes: number;
  /** Of the rows in any order, see RowDigest. */
  readonly digest: number;
}

export interface DataSize {
  readonly rows: number;
  /** Where given, whole thousands of rows until there are as many bytes, however many rows those are. */
  readonly bytes?: number | undefined;
}

/** Orders that the seed decides. */
export async function writeDataFile(
  folder: string,
  format: FileFormat,
  { rows: wanted, bytes: wantedBytes }: DataSize,
  seed: number,
  signal: AbortSignal,
): Promise<DataFile> {
  const count = wantedBytes === undefined ? wanted : Infinity;
  const path = join(folder, `orders-${wantedBytes === undefined ? wanted : `${wantedBytes}b`}-${seed}.${format}`);
  const csv = format === 'csv' ? orderCsv(count, seed) : undefined;
  const parts = upTo(csv?.parts ?? orderNdjson(count, seed), wantedBytes ?? Infinity);
  await pipeline(Readable.from(parts), createWriteStream(path), { signal });
  const { size: bytes } = await stat(path);
  const { rows, digest } = csv
    ? { rows: csv.digest.rows, digest: csv.digest.sum }
    : await askChild<DigestedRows>('digest-rows.ts', { source: { file: path }, format }, signal);
  return { path, format, rows, bytes, digest };
}

function* upTo(parts: Iterable<Buffer>, bytes: number): Generator<Buffer> {
  let length = 0;
  for (const part of parts) {
    yield part;
    length += part.length;
    if (length >= bytes) return;
  }
}
