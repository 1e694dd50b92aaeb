import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileTarget, HttpTarget } from './http-target.ts';

/** So often whether a file is complete. */
const askMs = 20;

/** A response that succeeds; its stream fails where the server breaks off midway. */
export async function openResponse(target: HttpTarget | FileTarget): Promise<IncomingMessage> {
  const { url, headers } = 'order' in target ? await completeFile(target) : target;
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  if (response.statusCode === 200) return response;
  throw new Error(`GET ${url}: ${response.statusCode} ${await text(response)}`);
}

async function completeFile({ url, headers, order }: FileTarget): Promise<HttpTarget> {
  const made = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: order,
  });
  const { id } = await answerOf(made);
  const job = new URL(`/v1/exports/${id}`, url).href;
  for (;;) {
    const { state } = await answerOf(await fetch(job, { headers }));
    if (state === 'completed') return { url: `${job}/file`, headers };
    if (state !== 'queued' && state !== 'running') throw new Error(`the export of ${url} is ${state}`);
    await delay(askMs);
  }
}

async function answerOf(response: Response): Promise<{ id: string; state: string }> {
  const body = await response.text();
  if (response.ok) return JSON.parse(body) as { id: string; state: string };
  throw new Error(`${response.url}: ${response.status} ${body}`);
}
