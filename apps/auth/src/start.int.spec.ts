import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buckets, login, streams } from '@keyport/contracts';
import { completionMarker, openBucket } from '@keyport/messaging';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet } from 'jose';
import { AuthSystem } from './harness/auth-system.ts';

let system: AuthSystem;

beforeAll(async () => {
  system = await AuthSystem.start();
});

beforeEach(() => system.fresh());

afterAll(() => system.stop());

const documents = (collection: string) => system.database.collection(collection).find().toArray();

async function publishedKeys(): Promise<JSONWebKeySet> {
  const kv = await openBucket(system.bus, buckets.jwks);
  const stored = await documents('signing-keys');
  expect(stored.map(({ state }) => String(state)).sort()).toEqual(['current', 'standby']);
  const key = stored.find(({ state }) => state === 'current');
  const entry = await kv.get(String(key?._id));
  return { keys: [entry?.json<{ jwk: JSONWebKeySet['keys'][number] }>().jwk ?? {}] };
}

/** One owner, one signing key and one that stands by, one owner's key, and a file that belongs to them. */
async function expectConsistent(): Promise<void> {
  const [user, ...users] = await documents('users');
  const [key, ...keys] = await documents('keys');
  const file = await system.ownerFile();
  const { payload } = await jwtVerify(file.token, createLocalJWKSet(await publishedKeys()));
  const gateway = await system.gateway();
  const session = await gateway.ask(login, { email: file.email, password: file.password, address: '127.0.0.1' });

  expect(users).toEqual([]);
  expect(keys).toEqual([]);
  expect(user).toMatchObject({ email: file.email, role: 'owner', sealedOwnerFile: null });
  expect(payload).toMatchObject({
    sub: String(user?._id),
    key: String(key?._id),
    jti: String(key?.tokenId),
    scope: '*',
  });
  expect(decodeJwt(session.accessToken).sub).toBe(user?._id);
}

describe('the first start', () => {
  it('makes an owner, who alone can read the file with password and key', async () => {
    await system.serve();

    const { mode } = await stat(join(system.home, 'owner.json'));
    const file = await system.ownerFile();
    expect(mode & 0o777).toBe(0o600);
    expect(Object.keys(file)).toEqual(['email', 'password', 'token']);
    expect(file.email).toBe('owner@keyport.local');
    expect(file.password.length).toBeGreaterThanOrEqual(24);
    expect((await stat(join(system.home, 'master.key'))).mode & 0o777).toBe(0o600);
    await expectConsistent();
  });

  it('signs tokens whose first characters are always the same', async () => {
    await system.serve();

    const { token } = await system.ownerFile();

    expect(token.startsWith('eyJraWQiOiJrZXlwb3J0')).toBe(true);
    expect(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).toMatch(
      /^\{"kid":"keyport-[\w-]+","typ":"at\+jwt","alg":"ES256"\}$/,
    );
  });

  it('makes the buckets, marks the projections as complete, and makes the stream of events', async () => {
    await system.serve();

    const manager = await jetstreamManager(system.bus, { checkAPI: false });
    const { config } = await manager.streams.info(streams.events.name);
    const marked = await Promise.all(
      [buckets.jwks, buckets.revocations].map(async (bucket) =>
        (await openBucket(system.bus, bucket)).get(completionMarker),
      ),
    );
    expect(config.subjects).toEqual(['events.v1.>']);
    expect(marked.every((entry) => entry?.operation === 'PUT')).toBe(true);
    expect((await (await openBucket(system.bus, buckets.contextKeys)).status()).ttl).toBe(buckets.contextKeys.ttlMs);
  });

  it('keeps every secret out of MongoDB, the bus and the log', async () => {
    const service = system.launch();
    await service.ready;
    const { password, token } = await system.ownerFile();
    const stored = JSON.stringify([await documents('users'), await documents('keys'), await documents('signing-keys')]);
    const published = JSON.stringify(await publishedKeys());
    await service.end('SIGTERM');

    expect(service.output()).toContain('Nest microservice successfully started');
    for (const secret of [password, token, token.split('.')[2] ?? '']) {
      expect(service.output()).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
    expect(stored).not.toContain('"d":');
    expect(published).not.toContain('"d":');
  });

  it('done by two processes at once makes one of everything', async () => {
    const both = [system.launch(), system.launch()];

    await Promise.all(both.map(({ ready }) => ready));

    await expectConsistent();
    expect((await readdir(system.home)).sort()).toEqual(['master.key', 'owner.json']);
  });

  it('killed at any moment leaves nothing that the next start cannot complete', async () => {
    for (let afterMs = 250; afterMs <= 850; afterMs += 100) {
      await system.fresh();
      const first = system.launch();
      await Promise.race([delay(afterMs), first.ready]);
      await first.end('SIGKILL');

      await system.serve();

      await expectConsistent();
    }
  }, 240_000);

  it('that cannot write the file stores its text encrypted, and the next start writes it', async () => {
    const path = join(system.home, 'owner.json');
    await mkdir(path);
    await expect(system.serve()).rejects.toThrow(/EISDIR|EEXIST|ENOTEMPTY/);
    const [user] = await documents('users');
    expect(user?.sealedOwnerFile).toMatch(/^[\w-]{100,}$/);
    await rm(path, { recursive: true });

    await system.serve();

    await expectConsistent();
  });

  it('replaces the file of a deployment whose database is gone', async () => {
    await writeFile(join(system.home, 'owner.json'), '{"email":"owner@keyport.local","password":"old","token":"old"}');

    await system.serve();

    await expectConsistent();
  });

  it('without a home folder is refused where no password is given for the owner', async () => {
    const environment = { KEYPORT_HOME: undefined, KEYPORT_MASTER_KEY: 'm'.repeat(32) };

    await expect(system.serve(environment)).rejects.toThrow('KEYPORT_OWNER_PASSWORD is needed');

    expect(await documents('users')).toEqual([]);
  });

  it('without a home folder takes the given password and writes no file', async () => {
    const password = 'correct horse battery';
    const environment = {
      KEYPORT_HOME: undefined,
      KEYPORT_MASTER_KEY: 'm'.repeat(32),
      KEYPORT_OWNER_PASSWORD: password,
    };
    await system.serve(environment);
    const gateway = await system.gateway();

    const session = await gateway.ask(login, { email: 'owner@keyport.local', password, address: '127.0.0.1' });

    expect(decodeJwt(session.accessToken)).toMatchObject({ scope: '*' });
    expect(await documents('keys')).toEqual([]);
    expect(await readdir(system.home)).toEqual([]);
  });
});

describe('a later start', () => {
  it('keeps the owner, the file and the signing key', async () => {
    await (await system.serve()).close();
    const before = [await system.ownerFile(), await documents('signing-keys'), await documents('users')];

    await system.serve();

    expect([await system.ownerFile(), await documents('signing-keys'), await documents('users')]).toEqual(before);
    await expectConsistent();
  });

  it('does not bring back the file that the operator has put away', async () => {
    await (await system.serve()).close();
    await rm(join(system.home, 'owner.json'));

    await system.serve();

    expect(await readdir(system.home)).toEqual(['master.key']);
  });

  it('under another public address keeps the earlier one as an issuer', async () => {
    await (await system.serve({ KEYPORT_PUBLIC_URL: 'http://127.0.0.1:3000' })).close();

    await system.serve({ KEYPORT_PUBLIC_URL: 'https://keyport.example' });

    const kv = await openBucket(system.bus, buckets.jwks);
    const [key] = await documents('signing-keys');
    const entry = await kv.get(String(key?._id));
    expect(entry?.json()).toMatchObject({ issuers: ['http://127.0.0.1:3000', 'https://keyport.example'] });
  });

  it('with another master key is refused, saying which key it needs', async () => {
    await (await system.serve({ KEYPORT_MASTER_KEY: 'a'.repeat(32) })).close();

    await expect(system.serve({ KEYPORT_MASTER_KEY: 'b'.repeat(32) })).rejects.toThrow(
      /signing key keyport-[\w-]+ cannot be decrypted: start with the KEYPORT_MASTER_KEY/,
    );
  });

  it('with another database user is refused without showing the password', async () => {
    const url = new URL(system.servers.envOf('auth').MONGODB_URL ?? '');
    url.password = 'not-the-password';
    const service = system.launch({ MONGODB_URL: url.toString() });

    await expect(service.ready).rejects.toThrow('auth ended before it served');

    expect(service.output()).not.toContain('not-the-password');
  });
});
