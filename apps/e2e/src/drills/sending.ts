import type { Import, WriteMode } from '@keyport/contracts';
import { until, type KeyportClient, type Reply } from '@keyport/testing';

export interface Sent {
  readonly client: KeyportClient;
  readonly dataset: string;
  readonly mode: WriteMode;
  readonly idempotencyKey?: string;
}

/** Whose file may be sent again, and is taken once. */
export interface KeyedSent extends Sent {
  readonly idempotencyKey: string;
}

/** Sends a whole file, again where a service has not come back yet; resolves once it is sealed. */
export async function send(sent: KeyedSent, file: Buffer): Promise<Import> {
  let reply: Reply<Import> | undefined;
  await until(async () => {
    reply = await request(sent, new Uint8Array(file)).catch(() => undefined);
    return reply !== undefined && reply.status < 500;
  }, 'the file to be taken');
  if (reply?.status !== 202) throw new Error(`the import was refused: ${reply?.status} ${JSON.stringify(reply?.body)}`);
  return reply.body;
}

/** Sends a part of a file, and the rest only after `breakOff`, which is to be the end of the connection. */
export async function sendBroken(sent: Sent, file: Buffer, breakOff: () => Promise<void>): Promise<void> {
  const half = Math.floor(file.length / 2);
  async function* parts() {
    yield file.subarray(0, half);
    await breakOff();
    yield file.subarray(half);
  }
  const reply = await request(sent, ReadableStream.from(parts()) as never).catch(() => undefined);
  // A gateway that could not spool the rest says so before it dies.
  if (reply && reply.status < 500) throw new Error(`the upload did not break off: ${JSON.stringify(reply.body)}`);
}

function request({ client, dataset, mode, idempotencyKey }: Sent, body: Parameters<KeyportClient['import']>[2]) {
  const headers = idempotencyKey === undefined ? undefined : { 'idempotency-key': idempotencyKey };
  return client.import(dataset, 'application/x-ndjson', body, `?mode=${mode}`, headers);
}

/** Cancels an import, and asks again where nobody answers. */
export async function cancel({ client }: Sent, importId: string): Promise<Import> {
  const path = `/v1/imports/${importId}/cancel`;
  let cancelled: Import | undefined;
  await until(async () => {
    cancelled = await client.ok<Import>(path, { method: 'POST' }).catch(() => undefined);
    return cancelled?.state === 'cancelled';
  }, 'the import to be cancelled');
  return cancelled as Import;
}

/** Imports of a dataset whose upload has arrived in part. */
export async function receivingIn({ client, dataset }: Sent): Promise<Import[]> {
  const path = `/v1/imports?dataset=${dataset}&state=receiving`;
  let list: { items: Import[] } | undefined;
  await until(async () => {
    list = await client.ok<{ items: Import[] }>(path).catch(() => undefined);
    return list !== undefined;
  }, 'the imports to be listed');
  return list?.items ?? [];
}
