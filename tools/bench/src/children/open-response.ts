import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { HttpTarget } from './http-target.ts';

/** A response that succeeds; its stream fails where the server breaks off midway. */
export async function openResponse({ url, headers }: HttpTarget): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  if (response.statusCode === 200) return response;
  throw new Error(`GET ${url}: ${response.statusCode} ${await text(response)}`);
}
