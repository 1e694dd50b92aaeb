import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reserveUpload, type KeyportError, type UsageLimits } from '@keyport/contracts';
import { eventually, PublishedRights, refusalOf, type Who } from '@keyport/testing';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';
import { portionBytes } from './portion.ts';

let system: ImportSystem;
let rights: PublishedRights;
let keys = 0;

beforeAll(async () => {
  system = await ImportSystem.start();
  rights = new PublishedRights(await system.servers.connectionOf('auth'));
  // Two of them: what one has counted, the other knows.
  await Promise.all([system.startImport(), system.startImport()]);
});

afterAll(() => system.stop());

/** Someone with a key of these limits; the dataset is made after it, so that every service has heard of the key before. */
async function holder(limits: UsageLimits): Promise<Who> {
  keys += 1;
  const key = `limited-${keys}`;
  await rights.publish(`key.${key}`, { kind: 'key', scopes: ['*'], limits });
  return { sub: 'service:test', key, scope: 'imports:create:* imports:read:*' };
}

const create = (dataset: string, who: Who, contentLength?: number) =>
  system.create(dataset, contentLength === undefined ? {} : { contentLength }, who);

/** Creates as a gateway does, and shows what the reply says of the quota. */
async function begin(dataset: string, who: Who, contentLength?: number) {
  const importId = await create(dataset, who, contentLength);
  const { reserved } = await system.stored(importId);
  return { importId, reservedBytes: reserved?.bytes };
}

const reserve = (importId: string, length: number, who: Who) =>
  system.ask(reserveUpload, { importId, epoch: 1, length }, who);

const exceeded = (error: KeyportError | undefined) => error?.code === 'QUOTA_EXCEEDED' && error.params;

async function usedBytes(who: Who): Promise<number> {
  const used = await system.mongodb
    .db('import')
    .collection('import-quotas')
    .findOne({ _id: { $regex: `\\|${who.key}$` } as never });
  return Number(used?.['bytes']);
}

describe('imports a day', () => {
  it('are counted exactly, however many are begun at once', async () => {
    const who = await holder({ importsPerDay: 5 });
    const name = await system.dataset();

    const outcomes = await Promise.all(Array.from({ length: 20 }, () => refusalOf(create(name, who))));

    expect(outcomes.filter((error) => error === undefined)).toHaveLength(5);
    const refusals = outcomes.filter((error) => error !== undefined);
    for (const error of refusals) {
      expect(exceeded(error)).toMatchObject({ unit: 'imports', limit: 5 });
      expect(error.params.retryAfterSeconds).toBeGreaterThan(0);
      expect(error.params.retryAfterSeconds).toBeLessThanOrEqual(86_400);
    }
  });

  it('are each holder’s own, and not used up by a request that is refused', async () => {
    const who = await holder({ importsPerDay: 1 });
    const name = await system.dataset();
    const other = { ...who, key: 'somebody-else' };

    expect((await refusalOf(create('nowhere', who)))?.code).toBe('DATASET_NOT_FOUND');
    await create(name, who);

    expect(exceeded(await refusalOf(create(name, who)))).toMatchObject({ unit: 'imports' });
    await create(name, other);
  });
});

describe('bytes a day', () => {
  it('are taken ahead by portions, and given back once the file is whole', async () => {
    const who = await holder({ importBytesPerDay: 100 * portionBytes });
    const name = await system.dataset();
    const file = ndjson(100);
    const { importId, reservedBytes } = await begin(name, who);
    expect(reservedBytes).toBe(portionBytes);
    expect((await reserve(importId, portionBytes + 1, who)).reservedBytes).toBe(2 * portionBytes);
    // Said once more after a lost answer.
    expect((await reserve(importId, portionBytes + 1, who)).reservedBytes).toBe(2 * portionBytes);

    await system.publish(importId, file);
    await system.seal(importId, file.length, { who });

    expect((await system.ended(importId)).counts).toEqual(counts({ read: 100, inserted: 100 }));
    expect(await usedBytes(who)).toBe(file.length);
    await system.seal(importId, file.length, { who });
    expect(await usedBytes(who)).toBe(file.length);
  });

  it('can be used up to the last one', async () => {
    const file = ndjson(50);
    const who = await holder({ importBytesPerDay: 2 * file.length });
    const name = await system.dataset();

    for (let round = 0; round < 2; round += 1) {
      const { importId } = await begin(name, who);
      await reserve(importId, file.length, who);
      await system.publish(importId, file);
      await system.seal(importId, file.length, { who });
      expect((await system.ended(importId)).state).toBe('completed');
    }

    expect(exceeded(await refusalOf(create(name, who)))).toMatchObject({ unit: 'bytes', limit: 2 * file.length });
  });

  it('are refused at once to a file that says it is larger than what is left', async () => {
    const who = await holder({ importBytesPerDay: 1_000 });
    const name = await system.dataset();

    expect(exceeded(await refusalOf(create(name, who, 1_001)))).toMatchObject({ unit: 'bytes', limit: 1_000 });
    expect((await begin(name, who, 1_000)).reservedBytes).toBe(1_000);
  });

  it('end an import that needs more, with the rows that were sent before written and counted', async () => {
    const file = ndjson(20_000);
    const who = await holder({ importBytesPerDay: file.length + 5 });
    const name = await system.dataset();
    const { importId } = await begin(name, who);
    await reserve(importId, file.length, who);
    await system.publish(importId, file);
    await eventually(
      () => system.stored(importId),
      (document) => document.counts.inserted > 0,
    );

    const refused = await refusalOf(reserve(importId, file.length + 6, who));

    expect(exceeded(refused)).toMatchObject({ unit: 'bytes' });
    const done = await system.ended(importId);
    expect(done).toMatchObject({ state: 'failed', error: { code: 'QUOTA_EXCEEDED' } });
    expect(done.counts.read).toBe(done.counts.inserted);
    expect(await system.count(name)).toBe(done.counts.inserted);
    // Said once more after a lost answer.
    expect(exceeded(await refusalOf(reserve(importId, file.length + 6, who)))).toMatchObject({ unit: 'bytes' });
  });

  it('end a resting import at once', async () => {
    const who = await holder({ importBytesPerDay: 100 });
    const name = await system.dataset();
    const { importId } = await begin(name, who);

    await refusalOf(reserve(importId, 101, who));

    expect(await system.ended(importId)).toMatchObject({
      state: 'failed',
      error: { code: 'QUOTA_EXCEEDED' },
      counts: counts({}),
    });
  });

  it('are never more than the limit, however many uploads take them at once', async () => {
    const limit = 10 * portionBytes + 12_345;
    const who = await holder({ importBytesPerDay: limit });
    const name = await system.dataset();
    const uploads = await Promise.all(Array.from({ length: 6 }, () => begin(name, who)));

    const sent = await Promise.all(
      uploads.map(async ({ importId, reservedBytes = 0 }) => {
        let reserved = reservedBytes;
        for (;;) {
          const asked = await reserve(importId, reserved + 1_000_000, who).catch(() => undefined);
          if (!asked) return reserved;
          reserved = asked.reservedBytes;
        }
      }),
    );

    const total = sent.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeLessThanOrEqual(limit);
    expect(total).toBeGreaterThan(limit - 1_000_000);
    expect(await usedBytes(who)).toBe(total);
  });

  it('are nobody else’s to take', async () => {
    const who = await holder({ importBytesPerDay: 1_000 });
    const name = await system.dataset();
    const { importId } = await begin(name, who);

    expect((await refusalOf(reserve(importId, 10, { ...who, key: 'other' })))?.code).toBe('IMPORT_NOT_FOUND');
  });
});

describe('an import without a quota', () => {
  it('takes nothing off and asks for nothing', async () => {
    const importId = await system.create(await system.dataset());

    expect((await system.stored(importId)).reserved).toBeNull();
  });
});
