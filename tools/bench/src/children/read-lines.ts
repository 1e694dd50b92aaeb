import { finished } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { answer } from './answer.ts';
import type { FileTarget, HttpTarget } from './http-target.ts';
import { openResponse } from './open-response.ts';

export interface ReadLines {
  /** From before the connection until the end of the response; for a file from before it was asked for. */
  readonly ms: number;
  readonly bytes: number;
  /** Lines: a header is one. */
  readonly lines: number;
  /** Of all bytes. */
  readonly crc: number;
}

const newline = 10;

// As cheap as a client can be that still knows what it got: the load shares the machine with what it measures.
answer<HttpTarget | FileTarget, ReadLines>(async (target) => {
  const started = performance.now();
  const response = await openResponse(target);
  let [bytes, lines, crc] = [0, 0, 0];
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    crc = crc32(chunk, crc);
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, at + 1)) lines += 1;
  });
  await finished(response);
  return { ms: performance.now() - started, bytes, lines, crc };
});
