import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { answer } from './answer.ts';
import type { HttpTarget } from './http-target.ts';

export interface SendFile extends HttpTarget {
  readonly file: string;
}

export interface SentFile {
  /** From before the connection until the end of the response. */
  readonly ms: number;
  readonly bytes: number;
  readonly status: number;
  readonly body: string;
}

const readBytes = 256 * 1024;

answer<SendFile, SentFile>(async ({ url, headers, file }) => {
  const { size } = await stat(file);
  const started = performance.now();
  const post = request(url, { method: 'POST', headers: { ...headers, 'content-length': size } });
  const responded = once(post, 'response') as Promise<[IncomingMessage]>;
  const [[response]] = await Promise.all([
    responded,
    pipeline(createReadStream(file, { highWaterMark: readBytes }), post),
  ]);
  const body = await text(response);
  return { ms: performance.now() - started, bytes: size, status: response.statusCode ?? 0, body };
});
