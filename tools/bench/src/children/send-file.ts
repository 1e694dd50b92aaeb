import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { get, request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
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
  const { location } = response.headers;
  const isAccepted = response.statusCode === 202 && location !== undefined;
  const end = isAccepted
    ? await endOf(new URL(location, url).href, headers)
    : { status: response.statusCode ?? 0, body };
  return { ms: performance.now() - started, bytes: size, ...end };
});

const stillRuns = /"state":\s*"(?:receiving|processing|paused)"/;

/** A file of gigabytes may take longer than a server lets a client wait for its answer: then it is asked again. */
async function endOf(location: string, headers: HttpTarget['headers']): Promise<Pick<SentFile, 'status' | 'body'>> {
  for (;;) {
    const [response] = (await once(get(location, { headers }), 'response')) as [IncomingMessage];
    const body = await text(response);
    if (!stillRuns.test(body)) return { status: response.statusCode ?? 0, body };
    await delay(200);
  }
}
