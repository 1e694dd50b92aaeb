import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buckets } from '@keyport/contracts';
import { BusHealth, connectBus, createBucket } from '@keyport/messaging';
import { eventually, refusalOf, TestServers } from '@keyport/testing';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { ProofMemory } from './proof-memory.ts';

const streamOf = ({ name }: { readonly name: string }) => `KV_${name}`;
const stream = streamOf(buckets.dpopProofs);

let servers: TestServers;
let manager: JetStreamManager;

/** Another gateway process: a connection of its own. */
async function gateway(): Promise<ProofMemory> {
  const { NATS_URL: url = '', NATS_USER: user, NATS_PASSWORD: password } = servers.envOf('gateway');
  const connection = await connectBus({ service: 'gateway', url, user, password });
  opened.push(connection);
  return new ProofMemory(connection, new BusHealth(connection));
}
const opened: Awaited<ReturnType<typeof connectBus>>[] = [];

const proof = (change: { thumbprint?: string; proofId?: string } = {}) => ({
  thumbprint: 'phone',
  proofId: randomUUID(),
  ...change,
});

const isTaken = (publishing: Promise<unknown>) =>
  publishing.then(
    () => true,
    () => false,
  );

describe('The memory of proofs', () => {
  beforeAll(async () => {
    servers = await TestServers.start();
    for (const bucket of [buckets.dpopProofs, buckets.dpopTokenProofs])
      await createBucket(await servers.connectionOf('auth'), bucket);
    // Deleting a stream waits for the disk.
    manager = await jetstreamManager(await servers.connectionOf('admin-auth'), { timeout: 20_000 });
  });

  afterAll(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await servers?.stop();
  });

  it('knows at every gateway what was shown at one', async () => {
    const [one, other] = [await gateway(), await gateway()];
    const shown = proof();

    expect(await one.isFirst(shown, 'token')).toBe(true);

    expect(await other.isFirst(shown, 'token')).toBe(false);
    expect(await one.isFirst(shown, 'token')).toBe(false);
  });

  it('of many who show the same at once takes one for the first', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway()]);
    const shown = proof();

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) => (gateways[at % 3] as ProofMemory).isFirst(shown, 'token')),
    );

    expect(answers.filter((isFirst) => isFirst)).toHaveLength(1);
  });

  it("lets nobody use up another key's proofs", async () => {
    const memory = await gateway();
    const { proofId } = proof();

    expect(await memory.isFirst({ thumbprint: 'thief', proofId }, 'token')).toBe(true);

    expect(await memory.isFirst({ thumbprint: 'phone', proofId }, 'token')).toBe(true);
  });

  it('takes any text for an id, and keeps no trace of it but a hash', async () => {
    const memory = await gateway();
    const proofId = 'a.>.*\r\n'.repeat(30);

    expect(await memory.isFirst(proof({ proofId }), 'token')).toBe(true);

    const { last_seq: seq } = (await manager.streams.info(stream)).state;
    const stored = await manager.streams.getMessage(stream, { seq });
    expect(stored?.subject).toMatch(/^\$KV\.dpop-proofs\.[\w-]{43}$/);
    expect(stored?.data).toHaveLength(0);
  });

  it('keeps each for longer than a proof is good, has a bound, and outlives the bus', async () => {
    const memory = await gateway();
    const shown = proof();
    await memory.isFirst(shown, 'token');
    const { config } = await manager.streams.info(stream);

    await servers.kill('nats');

    expect(config).toMatchObject({ max_age: 90 * 1e9, max_bytes: 64 * 1024 * 1024, discard: 'new' });
    const again = await eventually(
      () => memory.isFirst(shown, 'token').catch((error: { code: string }) => error.code),
      (answer) => answer !== 'SERVICE_UNAVAILABLE',
    );
    expect(again).toBe(false);
  });

  it('that is full of what came with requests for tokens has room for what comes with tokens', async () => {
    const memory = await gateway();
    const byGateway = jetstream(await servers.connectionOf('gateway'), { checkAPI: false });
    const { name, maxBytes } = buckets.dpopTokenProofs;
    // As so many proofs would, in larger pieces.
    const pieces = [512 * 1024, 4096, 0].map((length) => new Uint8Array(length));
    for (const piece of pieces) {
      for (let at = 0; at * piece.length <= maxBytes; at += 1)
        if (!(await isTaken(byGateway.publish(`$KV.${name}.${piece.length}-${at}`, piece)))) break;
    }

    const refused = await refusalOf(memory.isFirst(proof(), 'tokenRequest'));

    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await memory.isFirst(proof(), 'token')).toBe(true);
  });

  it('refuses to say anything where it cannot know', async () => {
    const memory = await gateway();
    await manager.streams.delete(stream);

    const refused = await refusalOf(memory.isFirst(proof(), 'token'));

    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
