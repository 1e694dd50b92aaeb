import { randomBytes } from 'node:crypto';
import { pieceHeaders, streams, uploadSubject } from '@keyport/contracts';
import { ensureStream } from '@keyport/messaging';
import { TestServers, until } from '@keyport/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DiscardPolicy, jetstreamManager, RetentionPolicy, type JetStreamManager } from '@nats-io/jetstream';
import type { GatewayConfig } from '../config.ts';
import { UploadPublisher } from './upload-publisher.ts';

const mebibyte = 1024 * 1024;
const importId = '0123456789abcdef';

let servers: TestServers;
let manager: JetStreamManager;

beforeAll(async () => {
  servers = await TestServers.start();
  const admin = await servers.connectionOf('admin-import');
  const retention = RetentionPolicy.Limits;
  await ensureStream(admin, streams.uploads, {
    ...{ retention, discard: DiscardPolicy.New, max_bytes: 2 * mebibyte, allow_direct: true },
  });
  manager = await jetstreamManager(admin, { timeout: 60_000 });
});

beforeEach(() => manager.streams.purge(streams.uploads.name));

afterAll(() => servers.stop());

const publisher = async (waitSeconds: number) =>
  new UploadPublisher(await servers.connectionOf('gateway'), {
    KEYPORT_SPOOL_WAIT_SECONDS: waitSeconds,
  } as GatewayConfig);

async function* parts(file: Buffer) {
  for (let offset = 0; offset < file.length; offset += 64 * 1024) yield file.subarray(offset, offset + 64 * 1024);
}

const upload = { importId, epoch: 1, reservedBytes: Infinity };
const reserve = (length: number) => Promise.resolve(length);

/** Takes pieces in their order, and frees each once it is taken, as a reader does. */
async function taken(length: number): Promise<Buffer> {
  const found: Buffer[] = [];
  for (let offset = 0; offset < length;) {
    const next = { seq: 1, next_by_subj: uploadSubject(importId) };
    for (let message = await stored(next); message; message = await stored({ ...next, seq: message.seq + 1 })) {
      if (Number(message.header.get(pieceHeaders.offset)) !== offset) continue;
      found.push(Buffer.from(message.data));
      offset += message.data.length;
      await manager.streams.deleteMessage(streams.uploads.name, message.seq);
    }
  }
  return Buffer.concat(found);
}

const stored = (query: { seq: number; next_by_subj: string }) =>
  manager.direct.getMessage(streams.uploads.name, query).catch(() => null);

describe('An upload into a spool that is full', () => {
  it('waits, and goes on as room is made, with every byte once', async () => {
    const file = randomBytes(7 * mebibyte + 12_345);
    const publishing = (await publisher(60)).publish(upload, parts(file), reserve);
    await until(async () => (await manager.streams.info(streams.uploads.name)).state.messages >= 3, 'a full spool');

    const found = await taken(file.length);

    expect(await publishing).toBe(file.length);
    expect(found.equals(file)).toBe(true);
  }, 120_000);

  it('is refused after its time, and what was taken before is there without a gap', async () => {
    const file = randomBytes(7 * mebibyte);

    await expect((await publisher(0)).publish(upload, parts(file), reserve)).rejects.toMatchObject({
      code: 'SPOOL_FULL',
    });

    const { state } = await manager.streams.info(streams.uploads.name);
    expect(state.bytes).toBeGreaterThan(mebibyte);
    const kept = await taken(3 * 512 * 1024);
    expect(kept.equals(file.subarray(0, kept.length))).toBe(true);
  });
});
