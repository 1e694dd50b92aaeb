import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport, writeRecords, type Import } from '@keyport/contracts';
import { eventually, PublishedRights, quickest, revokeToken, type Who } from '@keyport/testing';
import { BSON } from 'bson';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;
let rights: PublishedRights;
let people = 0;

beforeAll(async () => {
  system = await ImportSystem.start();
  rights = new PublishedRights(await system.servers.connectionOf('auth'));
});

afterEach(() => system.killImports());

afterAll(() => system.stop());

async function start(env: Readonly<Record<string, string>> = {}): Promise<void> {
  await system.startImport({ KEYPORT_IMPORT_LEASE_SECONDS: '2', ...env });
}

interface Person {
  readonly userId: string;
  readonly keyId: string;
  readonly scopes: readonly string[];
  readonly who: Who;
}

/** A user, known to every service, with a key that imports into the dataset. */
async function person(dataset: string): Promise<Person> {
  people += 1;
  const userId = String(people).padStart(24, '0');
  const keyId = `key-${people}`;
  const scopes = [`imports:create:${dataset}`];
  await rights.publishUser(userId, scopes);
  return { userId, keyId, scopes, who: { sub: userId, key: keyId, jti: `token-${people}`, scope: scopes.join(' ') } };
}

const losses: readonly [string, (of: Person) => Promise<void>][] = [
  ['the ceiling of its key is lowered', ({ keyId }) => rights.publishCeiling(keyId, ['records:read:*'])],
  ['the owner of its key is demoted', ({ userId }) => rights.publishUser(userId, ['records:read:*'])],
  ['the owner of its key is disabled', ({ userId, scopes }) => rights.publishUser(userId, scopes, { disabled: true })],
  ['the owner of its key is deleted', ({ userId }) => rights.removeUser(userId)],
  [
    'its token is revoked',
    async ({ who }) => revokeToken(await system.servers.connectionOf('auth'), who.jti as string),
  ],
];

/** An import of a dataset of its own that loses its rights after the preparation; what it came to, and when. */
async function timed(
  prepare: (name: string, someone: Person) => Promise<string>,
  lose: (of: Person) => Promise<void>,
): Promise<{ name: string; done: Import; tookMs: number }> {
  const name = await system.dataset();
  const someone = await person(name);
  const importId = await prepare(name, someone);
  await lose(someone);
  const changedAt = Date.now();
  const done = await system.ended(importId);
  return { name, done, tookMs: Date.parse(done.finishedAt ?? '') - changedAt };
}

async function expectExact(name: string, done: Import): Promise<void> {
  const { read, inserted } = done.counts;
  expect(done).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
  expect(read).toBe(inserted);
  expect(await system.count(name)).toBe(inserted);
}

describe.each(losses)('where %s', (_what, lose) => {
  it('a running import fails within a second, with every written row counted', async () => {
    await start();
    const running = async (name: string, { who }: Person) => {
      const importId = await system.begin(name, ndjson(100_000), {}, who);
      await eventually(
        () => system.stored(importId),
        (document) => document.counts.inserted > 2_000,
      );
      return importId;
    };

    const least = await quickest(1_000, async () => {
      const { name, done, tookMs } = await timed(running, lose);
      expect(done.counts.inserted).toBeLessThan(100_000);
      await expectExact(name, done);
      await expectExact(name, await system.get(done.id));
      return tookMs;
    });

    expect(least).toBeLessThan(1_000);
  });

  it('an import that waits for the rest of its file fails within a second, with its rows so far counted', async () => {
    await start();
    const waiting = async (name: string, { who }: Person) => {
      const importId = await system.create(name, {}, who);
      await system.publish(importId, ndjson(10_000));
      await eventually(
        () => system.stored(importId),
        (document) => document.counts.inserted > 5_000,
      );
      return importId;
    };

    const least = await quickest(1_000, async () => {
      const { name, done, tookMs } = await timed(waiting, lose);
      await expectExact(name, done);
      return tookMs;
    });

    expect(least).toBeLessThan(1_000);
  });
});

describe('an import whose rights are gone', () => {
  it('fails within a second also where it was set aside because nothing came', async () => {
    await start({ KEYPORT_UPLOAD_IDLE_SECONDS: '1' });
    const setAside = async (name: string, { who }: Person) => {
      const importId = await system.create(name, {}, who);
      await eventually(
        () => system.stored(importId),
        ({ lease, idleSequence }) => idleSequence !== null && lease.owner === null,
      );
      return importId;
    };

    const least = await quickest(1_000, async () => {
      const { name, done, tookMs } = await timed(setAside, ({ userId }) => rights.removeUser(userId));
      await expectExact(name, done);
      return tookMs;
    });

    expect(least).toBeLessThan(1_000);
  });

  it('is not revived by rights that come back', async () => {
    await start();
    const name = await system.dataset();
    const someone = await person(name);
    const importId = await system.begin(name, ndjson(50_000), {}, someone.who);
    await eventually(
      () => system.stored(importId),
      (document) => document.counts.inserted > 1_000,
    );
    await rights.publishCeiling(someone.keyId, []);
    const done = await system.ended(importId);

    await rights.publishCeiling(someone.keyId, someone.scopes);

    await expectExact(name, done);
    expect(await system.get(importId)).toEqual(done);
  });
});

describe('chunks that a killed holder has sent and not counted', () => {
  const rowsOfChunk = 1_000;

  /** An import of eight chunks that nobody has begun, left behind by a holder who had written some of them. */
  async function leftBehind(name: string, someone: Person, written: readonly number[]): Promise<string> {
    await start();
    const importId = await system.create(name, {}, someone.who);
    await system.killImports();
    const file = ndjson(8 * rowsOfChunk);
    await system.publish(importId, file);
    const { grant } = await system.stored(importId);
    const writer = await system.servers.requesterOf('import');
    for (const sequence of written) {
      const rows = Array.from({ length: rowsOfChunk }, (_, n) =>
        BSON.serialize({ _id: `${importId}/${sequence}/${n}` }),
      );
      await writer.request(
        writeRecords,
        {
          ...{ dataset: name, source: importId, sequence, mode: 'insert', key: [], hasOwnIds: false },
          ...{ documents: Buffer.concat(rows), count: rows.length },
        },
        { authority: grant },
      );
    }
    await system.mongodb
      .db('import')
      .collection('imports')
      .updateOne(
        { _id: importId as never },
        {
          $set: {
            ...{ state: 'processing', sealedLength: file.length, received: file.length },
            ...{ 'lease.owner': 'killed', 'lease.session': null, 'lease.expiresAt': new Date(0) },
          },
        },
      );
    return importId;
  }

  it.each([[[2, 5]], [[0, 3]], [[0, 1, 2, 3, 4, 5, 6]], [[]]])(
    'are all counted where rights are gone before anyone goes on: %j',
    async (written) => {
      const name = await system.dataset();
      const someone = await person(name);
      const importId = await leftBehind(name, someone, written);
      await rights.removeUser(someone.userId);

      await start();
      const done = await system.ended(importId);

      const inserted = written.length * rowsOfChunk;
      expect(done.counts).toEqual(counts({ read: inserted, inserted }));
      await expectExact(name, done);
    },
  );

  it('are all counted where it is cancelled before anyone goes on', async () => {
    const name = await system.dataset();
    const someone = await person(name);
    const importId = await leftBehind(name, someone, [1, 6]);
    await start();

    await system.ask(cancelImport, { importId });

    const done = await system.ended(importId);
    expect(['cancelled', 'completed']).toContain(done.state);
    expect(done.counts.inserted).toBeGreaterThanOrEqual(2 * rowsOfChunk);
    expect(await system.count(name)).toBe(done.counts.inserted);
  });
});
