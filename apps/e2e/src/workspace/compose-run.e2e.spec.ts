import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@keyport/contracts';
import { connectPublisher, KeyportClient, until } from '@keyport/testing';
import { jetstream } from '@nats-io/jetstream';
import { ComposeSystem } from './compose-system.ts';

describe('What docker-compose.yml describes, run on this machine', () => {
  let system: ComposeSystem;

  beforeAll(async () => {
    system = await ComposeSystem.prepare();
    await system.makeCalloutKey();
    await system.startServers();
    const isSetUp = () =>
      system
        .setUpMongodb()
        .then(() => true)
        .catch(() => false);
    await until(isSetUp, 'MongoDB to be set up', 150_000);
  });

  afterAll(() => system?.stop());

  it('says of no service that it is healthy before it runs', async () => {
    for (const name of serviceNames) expect([name, await system.isHealthy(name)]).toEqual([name, false]);
  });

  it('starts, and every health check says so', async () => {
    system.startApps();

    for (const name of serviceNames) await until(() => system.isHealthy(name), `${name} to be healthy`, 150_000);
  });

  it('lets the owner in with the password of the environment, and takes a file', async () => {
    const anonymous = new KeyportClient(system.gatewayUrl, undefined);

    const { accessToken } = await anonymous.ok<{ accessToken: string }>('/v1/auth/login', {
      method: 'POST',
      json: { email: 'owner@keyport.local', password: system.values.KEYPORT_OWNER_PASSWORD },
    });
    const owner = anonymous.with(accessToken);
    await owner.putDataset('orders', { key: ['id'] });
    const done = await owner.imported('orders', 'application/x-ndjson', '{"id":1}\n{"id":2}\n');

    expect(done).toMatchObject({ state: 'completed', counts: { read: 2, inserted: 2 } });
    expect(await owner.records('orders')).toHaveLength(2);
    const { token = '' } = await owner.minted('events:publish:orders');
    const publisher = await connectPublisher(system.natsUrl, token);
    const publish = jetstream(publisher, { checkAPI: false }).publish('ingest.v1.orders', '{}', { timeout: 20_000 });
    expect(await publish).toMatchObject({ stream: 'INGEST' });
    await publisher.close();
  });

  it('can be set up again over what is there', async () => {
    const issuer = await system.calloutIssuer();

    await expect(system.setUpMongodb()).resolves.toBeUndefined();
    await expect(system.makeCalloutKey()).resolves.toBeUndefined();

    expect(await system.calloutIssuer()).toBe(issuer);
  });

  it.each(serviceNames)('says of %s that it is not healthy once it is killed', async (name) => {
    await system.kill(name);

    expect(await system.isHealthy(name)).toBe(false);
  });
});
