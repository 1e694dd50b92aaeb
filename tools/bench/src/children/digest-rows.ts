import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';
import { openResponse } from './open-response.ts';
import { RowDigest } from './row-digest.ts';

export interface DigestedRows {
  readonly rows: number;
  /** Of the rows in any order, see RowDigest. */
  readonly digest: number;
  /** Of all bytes. */
  readonly crc: number;
}

answer<HttpTarget | { readonly file: string }, DigestedRows>(async (source) => {
  const stream = 'file' in source ? createReadStream(source.file) : await openResponse(source);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const digest = new RowDigest();
  let [rest, crc] = ['', 0];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    crc = crc32(chunk, crc);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) digest.add(line);
  }
  if (rest !== '') throw new Error('the last row does not end with a newline');
  return { rows: digest.rows, digest: digest.sum, crc };
});
