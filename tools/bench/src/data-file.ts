import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { orderNdjson } from '@keyport/testing';
import { askChild } from './children/ask-child.ts';
import type { DigestedRows } from './children/digest-rows.ts';

export interface DataFile {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the rows in any order, see RowDigest. */
  readonly digest: number;
}

/** Orders as NDJSON that the seed decides. */
export async function writeDataFile(
  folder: string,
  rows: number,
  seed: number,
  signal: AbortSignal,
): Promise<DataFile> {
  const path = join(folder, `orders-${rows}-${seed}.ndjson`);
  await pipeline(Readable.from(orderNdjson(rows, seed)), createWriteStream(path), { signal });
  const { digest } = await askChild<DigestedRows>('digest-rows.ts', { file: path }, signal);
  const { size: bytes } = await stat(path);
  return { path, rows, bytes, digest };
}
