import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cancelImport, createGrant, createImport, pauseImport, type KeyportError } from '@keyport/contracts';
import { PublishedRights, refusalOf, type Who } from '@keyport/testing';
import { ImportSystem } from '../harness/import-system.ts';
import { ndjson } from '../harness/rows.ts';

const env = { KEYPORT_CONCURRENT_IMPORTS: '6', KEYPORT_CONCURRENT_IMPORTS_IN_ALL: '9' };

let system: ImportSystem;
let rights: PublishedRights;
let keys = 0;

beforeAll(async () => {
  system = await ImportSystem.start();
  rights = new PublishedRights(await system.servers.connectionOf('auth'));
  await startTwo();
});

beforeEach(() =>
  system.mongodb
    .db('import')
    .collection('imports')
    .updateMany({}, { $set: { state: 'cancelled' } }),
);

afterAll(() => system.stop());

/** What one of them has accepted, the other knows. */
const startTwo = () => Promise.all([system.startImport(env), system.startImport(env)]);

async function holder(concurrentImports?: number): Promise<Who> {
  keys += 1;
  const key = `concurrent-${keys}`;
  const limits = concurrentImports === undefined ? {} : { concurrentImports };
  await rights.publish(`key.${key}`, { kind: 'key', scopes: ['*'], limits });
  return { sub: 'service:test', key, scope: '*' };
}

const race = (dataset: string, who: Who, count: number) =>
  Promise.all(Array.from({ length: count }, () => refusalOf(system.create(dataset, {}, who))));

const codesOf = (refusals: readonly (KeyportError | undefined)[]) => {
  const codes = refusals.map((error) => error?.code ?? 'accepted');
  return Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length]));
};

describe('imports at once', () => {
  it('of one key are as many as its limit says, however many are begun at once', async () => {
    const who = await holder(4);
    const name = await system.dataset();

    const refusals = await race(name, who, 16);

    expect(codesOf(refusals)).toEqual({ accepted: 4, TOO_MANY_IMPORTS: 12 });
    const refused = refusals.find((error) => error !== undefined);
    expect(refused?.params).toEqual({ limit: 4, retryAfterSeconds: 5 });
  });

  it('of a key without such a limit are as many as the deployment says', async () => {
    expect(codesOf(await race(await system.dataset(), await holder(), 8))).toEqual({
      accepted: 6,
      TOO_MANY_IMPORTS: 2,
    });
  });

  it('take one grant each, however many choose the same seat at once', async () => {
    const bus = await system.servers.connectionOf('admin-import');
    let grants = 0;
    bus.subscribe(createGrant.subject, { callback: () => void (grants += 1) });
    await bus.flush();

    expect(codesOf(await race(await system.dataset(), await holder(), 6))).toEqual({ accepted: 6 });

    await bus.flush();
    expect(grants).toBe(6);
  });

  it('of all together are as many as the deployment says, whoever begins them', async () => {
    const name = await system.dataset();
    const holders = [await holder(), await holder(), await holder(100)];

    const refusals = (await Promise.all(holders.map((who) => race(name, who, 6)))).flat();

    expect(codesOf(refusals)).toEqual({ accepted: 9, TOO_MANY_IMPORTS_IN_ALL: 9 });
  });

  it('count while they are paused, and no more once they ended, however that was', async () => {
    const who = await holder(3);
    const name = await system.dataset();
    const [paused, cancelled] = [await system.create(name, {}, who), await system.create(name, {}, who)];
    const failed = await system.create(name, { format: 'json' }, who);
    await system.ask(pauseImport, { importId: paused }, who);
    expect(codesOf(await race(name, who, 1))).toEqual({ TOO_MANY_IMPORTS: 1 });

    await system.ask(cancelImport, { importId: cancelled }, who);
    await system.publish(failed, Buffer.from('['));
    await system.seal(failed, 1, { who });
    expect((await system.ended(failed)).state).toBe('failed');
    const completed = await system.send(name, ndjson(1), {}, who);
    expect((await system.ended(completed)).state).toBe('completed');

    expect(codesOf(await race(name, who, 4))).toEqual({ accepted: 2, TOO_MANY_IMPORTS: 2 });
  });

  it('are the same for who sends a file again with its Idempotency-Key, and none for who is refused', async () => {
    const who = await holder(1);
    const name = await system.dataset();
    const request = { dataset: name, format: 'ndjson', contentEncoding: 'identity', options: {} } as const;
    const send = () => system.ask(createImport, { ...request, idempotencyKey: 'again' }, who);

    expect((await refusalOf(system.create('nowhere', {}, who)))?.code).toBe('DATASET_NOT_FOUND');
    const refusals = await Promise.all([send(), send(), send()].map(refusalOf));

    // Each takes the upload from the one before.
    for (const error of refusals) expect([undefined, 'UPLOAD_SUPERSEDED']).toContain(error?.code);
    expect((await send()).importId).toBe((await send()).importId);
    expect(codesOf(await race(name, who, 1))).toEqual({ TOO_MANY_IMPORTS: 1 });
  });

  it('are known after every process was killed, and those of killed ones still end', async () => {
    const who = await holder(2);
    const name = await system.dataset();
    const file = ndjson(60_000);
    const large = await system.send(name, file, {}, who);
    await system.create(name, {}, who);

    await system.killImports();
    await startTwo();

    expect(codesOf(await race(name, who, 2))).toEqual({ TOO_MANY_IMPORTS: 2 });
    expect((await system.ended(large)).counts).toMatchObject({ read: 60_000, inserted: 60_000 });
    expect(codesOf(await race(name, who, 2))).toEqual({ accepted: 1, TOO_MANY_IMPORTS: 1 });
  });
});
