import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buckets } from '@keyport/contracts';
import { BusHealth, connectBus, createBucket } from '@keyport/messaging';
import { eventually, refusalOf, TestServers } from '@keyport/testing';
import { isStreamFull } from '@keyport/messaging';
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
    (error: unknown) => {
      if (isStreamFull(error)) return false;
      throw error;
    },
  );

/** Done anew, with other proofs, where the machine stood still for longer than a gateway waits for the bus. */
async function undisturbed<Answer>(work: () => Promise<Answer>, triesLeft = 5): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (triesLeft === 0 || (error as { code?: string }).code !== 'SERVICE_UNAVAILABLE') throw error;
    return undisturbed(work, triesLeft - 1);
  }
}

describe('The memory of proofs', () => {
  beforeAll(async () => {
    servers = await TestServers.start();
    for (const bucket of [buckets.dpopProofs, buckets.dpopTokenProofs])
      await createBucket(await servers.connectionOf('auth'), bucket);
    // Deleting a stream waits for the disk.
    manager = await jetstreamManager(await servers.connectionOf('admin-auth'), { timeout: 60_000 });
  });

  afterAll(async () => {
    await Promise.all(opened.map((connection) => connection.close()));
    await servers?.stop();
  });

  it('knows at every gateway what was shown at one', async () => {
    const [one, other] = [await gateway(), await gateway()];

    const answers = await undisturbed(async () => {
      const shown = proof();
      return [
        await one.isFirst(shown, 'token'),
        await other.isFirst(shown, 'token'),
        await one.isFirst(shown, 'token'),
      ];
    });

    expect(answers).toEqual([true, false, false]);
  });

  it('of many who show the same at once takes one for the first', async () => {
    const gateways = await Promise.all([gateway(), gateway(), gateway()]);

    const answers = await undisturbed(() => {
      const shown = proof();
      return Promise.all(
        Array.from({ length: 60 }, (_, at) => (gateways[at % 3] as ProofMemory).isFirst(shown, 'token')),
      );
    });

    expect(answers.filter((isFirst) => isFirst)).toHaveLength(1);
  });

  it("lets nobody use up another key's proofs", async () => {
    const memory = await gateway();

    const answers = await undisturbed(async () => {
      const { proofId } = proof();
      return [
        await memory.isFirst({ thumbprint: 'thief', proofId }, 'token'),
        await memory.isFirst({ thumbprint: 'phone', proofId }, 'token'),
      ];
    });

    expect(answers).toEqual([true, true]);
  });

  it('takes any text for an id, and keeps no trace of it but a hash', async () => {
    const memory = await gateway();
    const oddId = () => `${'a.>.*\r\n'.repeat(30)}${randomUUID()}`;

    expect(await undisturbed(() => memory.isFirst(proof({ proofId: oddId() }), 'token'))).toBe(true);

    const { last_seq: seq } = (await manager.streams.info(stream)).state;
    const stored = await manager.streams.getMessage(stream, { seq });
    expect(stored?.subject).toMatch(/^\$KV\.dpop-proofs\.[\w-]{43}$/);
    expect(stored?.data).toHaveLength(0);
  });

  it('keeps each for longer than a proof is good, has a bound, and outlives the bus', async () => {
    const memory = await gateway();
    const shown = await undisturbed(async () => {
      const made = proof();
      await memory.isFirst(made, 'token');
      return made;
    });
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
        if (!(await isTaken(byGateway.publish(`$KV.${name}.${piece.length}-${at}`, piece, { timeout: 60_000 })))) break;
    }

    const refused = await refusalOf(memory.isFirst(proof(), 'tokenRequest'));

    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await undisturbed(() => memory.isFirst(proof(), 'token'))).toBe(true);
  }, 120_000);

  it('refuses to say anything where it cannot know', async () => {
    const memory = await gateway();
    await manager.streams.delete(stream);

    const refused = await refusalOf(memory.isFirst(proof(), 'token'));

    expect(refused).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  }, 120_000);
});
