import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { KeyportClient } from '@keyport/testing';

export interface Streamed {
  readonly status: number;
  readonly text: string;
  /** `undefined` of an answer that was broken off. */
  readonly trailers: { readonly count?: string | undefined; readonly cursor?: string | undefined } | undefined;
}

/** Asks for a stream; the answer is not read yet. `fetch` shows no trailers. */
export function openStream(client: KeyportClient, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${client.token}`, accept: 'application/x-ndjson' };
    const asked = request(new URL(path, client.url), { headers, agent: false }, resolve);
    asked.on('error', reject).end();
  });
}

/** Reads an answer to its end, whole or not. */
export async function readStream(answer: IncomingMessage): Promise<Streamed> {
  const pieces: Buffer[] = [];
  const isWhole = await new Promise<boolean>((resolve) => {
    answer.on('data', (piece: Buffer) => pieces.push(piece));
    answer.on('end', () => resolve(true)).on('error', () => resolve(false));
  });
  const { 'keyport-count': count, 'keyport-cursor': cursor } = answer.trailers;
  const trailers = isWhole ? { count, cursor } : undefined;
  return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString(), trailers };
}

export const streamed = async (client: KeyportClient, path: string): Promise<Streamed> =>
  readStream(await openStream(client, path));

export interface RawReply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As the bytes come: `fetch` unpacks them, and asks for gzip by itself. */
export async function rawGet(
  client: KeyportClient,
  path: string,
  headers: Record<string, string>,
  method = 'GET',
): Promise<RawReply> {
  const sent = request(new URL(path, client.url), {
    method,
    headers: { authorization: `Bearer ${client.token}`, ...headers },
  });
  const { promise, resolve, reject } = Promise.withResolvers<RawReply>();
  sent.on('error', reject).on('response', (response) => {
    buffer(response).then((body) => resolve({ status: response.statusCode, headers: response.headers, body }), reject);
  });
  sent.end();
  return promise;
}
