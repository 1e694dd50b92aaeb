import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buckets, createExport, deleteDataset, getExport, putDataset, type Export } from '@keyport/contracts';
import { connectBus, openBucket } from '@keyport/messaging';
import { connectMongo } from '@keyport/mongo';
import type { Connection } from 'mongoose';
import { readPages } from '../harness/read-pages.ts';
import { storeOrders } from '../harness/store-orders.ts';
import { TestSystem, until } from '../harness/test-system.ts';

const orderCount = 100_000;

let system: TestSystem;
let mongodb: Connection;

beforeAll(async () => {
  system = await TestSystem.start();
  mongodb = await connectMongo(system.servers.mongodbUrl);
  await Promise.all([system.service('records'), system.service('export')]);
  await fill('orders');
});

afterAll(async () => {
  await mongodb.close();
  await system.stop();
});

const caller = (jti?: string) =>
  system.gateway.caller('ann', ['datasets:*:*', 'records:read:*', 'exports:create:*'], jti);

async function fill(dataset: string): Promise<void> {
  await system.gateway.requester.request(putDataset, { name: dataset }, { authority: await caller() });
  await storeOrders(mongodb.useDb('records'), dataset, orderCount);
}

async function create(dataset: string, jti?: string): Promise<Export> {
  return system.gateway.requester.request(createExport, { dataset }, { authority: await caller(jti) });
}

async function get(exportId: string): Promise<Export> {
  return system.gateway.requester.request(getExport, { exportId }, { authority: await caller() });
}

/** The export while it runs, with a part stored already. */
async function underWay(id: string): Promise<void> {
  const { state } = await until(() => get(id), ({ bytes }) => bytes > 0);
  expect(state).toBe('running');
}

const ended = (id: string) => until(() => get(id), ({ state }) => state !== 'queued' && state !== 'running');

const records = () => system.processOf('records');

describe('an export from records itself', () => {
  it('has every record, also when records was killed and started again midway', async () => {
    const authority = await caller();
    const streamed = (await readPages(system.gateway, authority, 'orders', {})).join('');
    const { id } = await create('orders');
    await underWay(id);

    await records().end('SIGKILL');
    await system.service('records');

    const done = await ended(id);
    expect(done).toMatchObject({ state: 'completed', counts: { written: orderCount } });
    expect(done.digest).toBe(`sha-256=:${createHash('sha256').update(streamed).digest('base64')}:`);
  });

  it('fails when the token that started it is revoked midway', async () => {
    const jti = randomUUID();
    const { id } = await create('orders', jti);
    await underWay(id);

    process.kill(records().pid, 'SIGSTOP');
    await revoke(jti);
    process.kill(records().pid, 'SIGCONT');

    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' }, digest: null });
  });

  it('fails when the dataset is deleted midway', async () => {
    await fill('doomed');
    const { id } = await create('doomed');
    await underWay(id);

    await system.gateway.requester.request(deleteDataset, { name: 'doomed' }, { authority: await caller() });

    expect(await ended(id)).toMatchObject({ state: 'failed', error: { code: 'DATASET_NOT_FOUND' } });
  });
});

async function revoke(jti: string): Promise<void> {
  const { NATS_URL = '', NATS_USER, NATS_PASSWORD } = system.servers.envOf('auth');
  const auth = await connectBus({ service: 'auth', url: NATS_URL, user: NATS_USER, password: NATS_PASSWORD });
  const revocations = await openBucket(auth, buckets.revocations);
  await revocations.put(`jti.${jti}`, JSON.stringify({ revokedAt: Date.now(), expiresAt: null }));
  await auth.close();
}
