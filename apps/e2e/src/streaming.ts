import { request, type IncomingMessage } from 'node:http';
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
