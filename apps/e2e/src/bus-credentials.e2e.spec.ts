import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  connectPublisher,
  eventually,
  oneOfThree,
  signedInUser,
  TestStack,
  type KeyportClient,
} from '@keyport/testing';
import { pythonPackages } from './python.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

describe('A service that connects to NATS with a Keyport key', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let natsUrl: string;
  const opened: NatsConnection[] = [];

  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'auth=2' });
    owner = stack.client;
    natsUrl = (await stack.describe()).natsAddress;
    await owner.putDataset('orders', { key: ['orderId'] });
  });

  afterAll(async () => {
    for (const connection of opened) await connection.close();
    await stack?.stop();
  });

  /** nats-server waits for five seconds for what auth says, and refuses then; whom auth refuses stays refused. */
  async function open(token: string | undefined, options = {}): Promise<NatsConnection> {
    const tried = await oneOfThree(
      () => connectPublisher(natsUrl, token ?? '', options).catch((error: Error) => error),
      (one) => !(one instanceof Error),
    );
    if (tried instanceof Error) throw tried;
    opened.push(tried);
    return tried;
  }

  const publish = (connection: NatsConnection, orderId: string) =>
    jetstream(connection, { checkAPI: false }).publish(
      'ingest.v1.orders',
      JSON.stringify({
        ...{ specversion: '1.0', id: orderId, source: '/shop', type: 'keyport.record.upserted', subject: orderId },
        data: { orderId },
      }),
      { timeout: 20_000 },
    );

  const storedOrders = async () => (await owner.records('orders')).map(({ orderId }) => orderId as string);

  /** When the connection, which does not reconnect, was closed. */
  const closing = (connection: NatsConnection) => connection.closed().then(() => performance.now());

  /** Milliseconds from the answer to what takes the right away until the connection is closed. */
  async function cutOffAfter(token: string | undefined, takeAway: () => Promise<unknown>): Promise<number> {
    const closed = closing(await open(token, { reconnect: false }));
    await takeAway();
    const answered = performance.now();
    return (await closed) - answered;
  }
  const isWithinASecond = (ms: number) => ms < 1_000;

  /** After its processes were killed. */
  const untilAuthAnswers = () =>
    eventually(
      () => owner.request('/v1/keys'),
      ({ status }) => status === 200,
    );

  it('has what it publishes stored as records', async () => {
    const key = await owner.minted('events:publish:orders');

    const acknowledged = await publish(await open(key.token), 'node-1');

    expect(acknowledged).toMatchObject({ stream: 'INGEST', duplicate: false });
    expect(await eventually(storedOrders, (orders) => orders.includes('node-1'))).toContain('node-1');
  });

  it('may be written in Python, and learns there what is refused', async () => {
    const folder = 'examples/publish-from-python';
    const packages = await pythonPackages(`${root}/${folder}/requirements.txt`);
    const key = await owner.minted('events:publish:orders');
    const env = { ...process.env, PYTHONPATH: packages, NATS_URL: natsUrl, KEYPORT_TOKEN: key.token };

    const { stdout } = await run('python3', [`${folder}/publish.py`], { cwd: root, env });

    expect(stdout.trim().split('\n')).toEqual([
      'order-1 stored',
      'order-2 stored',
      'order-3 stored',
      'order-1 was there already',
      'ingest.v1.not-mine refused',
      'records.v1.write refused',
    ]);
    const python = (orders: string[]) => orders.filter((orderId) => orderId.startsWith('A-')).toSorted();
    expect(python(await eventually(storedOrders, (orders) => python(orders).length >= 3))).toEqual([
      'A-1',
      'A-2',
      'A-3',
    ]);
  });

  it('learns in Python too that its key is refused', async () => {
    const folder = 'examples/publish-from-python';
    const packages = await pythonPackages(`${root}/${folder}/requirements.txt`);
    const { token } = await owner.minted('records:read:orders');
    const env = { ...process.env, PYTHONPATH: packages, NATS_URL: natsUrl, KEYPORT_TOKEN: token };

    const ended = run('python3', [`${folder}/publish.py`], { cwd: root, env });

    await expect(ended).rejects.toThrow(/NATS: .*authorization/i);
  });

  it('is cut off within a second when its key is revoked, whichever auth process admitted it', async () => {
    const times: number[] = [];

    // As many as make it unlikely that one process admitted them all.
    for (let round = 0; round < 8; round += 1) {
      const key = await owner.minted('events:publish:orders');
      times.push(await cutOffAfter(key.token, () => owner.ok(`/v1/keys/${key.keyId}`, { method: 'DELETE' })));
      await expect(open(key.token, { reconnect: false })).rejects.toThrow(/authorization/i);
    }

    // The machine may stand still in one of them.
    expect(times.filter((ms) => !isWithinASecond(ms)).length).toBeLessThanOrEqual(1);
  });

  it('is cut off when its key is revoked after the auth processes were killed', async () => {
    const killAndRevoke = async () => {
      const key = await owner.minted('events:publish:orders');
      return cutOffAfter(key.token, async () => {
        await stack.kill('auth');
        await untilAuthAnswers();
        await owner.ok(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
      });
    };

    expect(await oneOfThree(killAndRevoke, isWithinASecond)).toBeLessThan(1_000);
  });

  it('stays connected and goes on while the auth processes are away', async () => {
    const key = await owner.minted('events:publish:orders');
    const connection = await open(key.token, { reconnect: false });

    const killed = stack.kill('auth');
    await publish(connection, 'while-away');
    await killed;
    await untilAuthAnswers();

    await publish(connection, 'when-back');
    expect(connection.isClosed()).toBe(false);
    expect(await eventually(storedOrders, (orders) => orders.includes('when-back'))).toContain('while-away');
  });

  it('connects anew by itself after nats-server was killed, and loses nothing that was acknowledged', async () => {
    const key = await owner.minted('events:publish:orders');
    const connection = await open(key.token, { maxReconnectAttempts: -1, ignoreAuthErrorAbort: true });
    await publish(connection, 'before-the-kill');

    await stack.kill('nats');
    await untilAuthAnswers();

    await eventually(
      () =>
        publish(connection, 'after-the-kill').then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    const both = (orders: string[]) => ['before-the-kill', 'after-the-kill'].every((one) => orders.includes(one));
    await eventually(storedOrders, both);
  });

  it('loses what its owner loses', async () => {
    const demote = async () => {
      const user = await signedInUser(owner, { scopes: ['events:publish:orders', 'keys:create'] });
      const key = await user.client.minted('events:publish:orders');
      return cutOffAfter(key.token, () =>
        owner.ok(`/v1/users/${user.id}`, { method: 'PATCH', json: { scopes: ['records:read:orders'] } }),
      );
    };

    expect(await oneOfThree(demote, isWithinASecond)).toBeLessThan(1_000);
  });
});
