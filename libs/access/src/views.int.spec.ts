import { setTimeout as delay } from 'node:timers/promises';
import { buckets, type BucketContract, type RightsEntry, type ServiceName } from '@keyport/contracts';
import { completionMarker, connectBus, createBucket } from '@keyport/messaging';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { exportJWK, generateKeyPair } from 'jose';
import type { Identity } from './identity.ts';
import { Judge } from './judge.ts';
import { KeyView } from './key-view.ts';
import { revocationKey, type RevocationTarget } from './revocation-keys.ts';
import { RevocationView } from './revocation-view.ts';
import { RightsView } from './rights-view.ts';
import { nowSeconds } from './verify.ts';

const inspectEveryMs = 200;
const userId = '0123456789abcdef01234567';

let servers: Servers;
let auth: NatsConnection;
let gateway: NatsConnection;
let revocations: KV;
let rights: KV;
const started: { stop(): void }[] = [];

const connectAs = (service: ServiceName) => {
  const { NATS_USER: user, NATS_PASSWORD: password } = servers.envOf(service);
  return connectBus({ service, url: servers.natsUrl, user, password });
};

/** Deletes a bucket, which no service may. */
async function drop({ name }: BucketContract): Promise<void> {
  const admin = await connectBus({ service: 'admin-auth', url: servers.natsUrl, ...servers.natsAdminOf('admin-auth') });
  const manager = await jetstreamManager(admin, { checkAPI: false });
  await manager.streams.delete(`KV_${name}`).catch(() => undefined);
  await admin.close();
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 50_000; !isSo(); await delay(10)) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
  }
}

const complete = (kv: KV) => kv.put(completionMarker, '{}');

/** Started, and stopped after the test. */
function follow<View extends { start(): void; stop(): void }>(view: View): View {
  view.start();
  started.push(view);
  return view;
}

const revocationView = () => follow(new RevocationView(gateway, { inspectEveryMs }));
const rightsView = () => follow(new RightsView(gateway, { inspectEveryMs }));

const identity: Identity = {
  ...{ issuer: 'https://keyport.example', subject: userId, tokenId: 'token-1', issuedAt: 1_000, signedBy: 'keyport-1' },
  ...{ keyId: 'key-1', sessionId: undefined, publicKeyId: undefined, userId, clientId: 'keyport', ancestors: [] },
  ...{ scopes: ['*'], details: undefined },
};

const revoke = (target: RevocationTarget, entry: object = { before: null, expiresAt: null }) =>
  revocations.put(revocationKey(target), JSON.stringify(entry));

const publish = (key: string, entry: Partial<RightsEntry>) => rights.put(key, JSON.stringify(entry));
const member = (scopes: string[], disabled = false) => ({ kind: 'user', role: 'member', scopes, disabled }) as const;

beforeAll(async () => {
  servers = await startTemporaryServers();
  auth = await connectAs('auth');
  gateway = await connectAs('gateway');
});

beforeEach(async () => {
  for (const bucket of [buckets.revocations, buckets.rights, buckets.jwks]) await drop(bucket);
  revocations = await createBucket(auth, buckets.revocations);
  rights = await createBucket(auth, buckets.rights);
});

afterEach(() => {
  for (const view of started.splice(0)) view.stop();
});

afterAll(async () => {
  await auth.close();
  await gateway.close();
  await servers.stop();
});

describe('RevocationView', () => {
  it('is ready once the projection is complete, with what was revoked before', async () => {
    await revoke({ level: 'key', keyId: 'key-1' });
    const view = revocationView();
    await until(() => view.size === 1, 'the entry');
    expect(view.isReady).toBe(false);

    await complete(revocations);
    await until(() => view.isReady, 'the view to be ready');

    expect(view.isRevoked(identity)).toBe(true);
    expect(view.isRevoked({ ...identity, keyId: 'key-2' })).toBe(false);
  });

  it('tells what was issued before a cutoff from what was issued after it', async () => {
    await complete(revocations);
    const view = revocationView();

    await revoke({ level: 'sub', subject: userId }, { before: 1_000, expiresAt: null });
    await until(() => view.size === 1, 'the entry');

    expect(view.isRevoked({ ...identity, issuedAt: 999 })).toBe(true);
    expect(view.isRevoked(identity)).toBe(false);
  });

  it('forgets what was lifted, and what has ended', async () => {
    await complete(revocations);
    const view = revocationView();
    await revoke({ level: 'jti', jti: 'lifted' });
    await revoke({ level: 'jti', jti: 'stays' });
    // Again, for longer, should it end before it was seen.
    for (let seconds = 2; view.size < 3; seconds *= 2) {
      const expiresAt = nowSeconds() + seconds;
      await revoke({ level: 'jti', jti: 'ended' }, { before: null, expiresAt });
      await until(() => view.size === 3 || nowSeconds() > expiresAt + 1, 'the entries');
    }

    await revocations.delete(revocationKey({ level: 'jti', jti: 'lifted' }));
    await until(() => view.size === 1, 'two to go');

    expect(view.isRevoked({ ...identity, tokenId: 'stays' })).toBe(true);
  });

  it.each(['', 'no JSON', '{}', '{"before":"now","expiresAt":null}', '{"before":-1,"expiresAt":null}', '[]', 'null'])(
    'takes a revocation that it cannot read (%j) for one altogether',
    async (text) => {
      await complete(revocations);
      const view = revocationView();

      await revocations.put(revocationKey({ level: 'jti', jti: 'token-1' }), text);
      await until(() => view.size === 1, 'the entry');

      expect(view.isRevoked({ ...identity, issuedAt: nowSeconds() })).toBe(true);
    },
  );

  it('holds what it knows until a bucket that was lost is complete again', async () => {
    await revoke({ level: 'jti', jti: 'token-1' });
    await revoke({ level: 'jti', jti: 'other' });
    await complete(revocations);
    const view = revocationView();
    await until(() => view.isReady && view.size === 2, 'the entries');

    await drop(buckets.revocations);
    revocations = await createBucket(auth, buckets.revocations);
    await revoke({ level: 'key', keyId: 'key-9' });
    await until(() => view.size === 3, 'the new bucket to be read');
    expect(view.isRevoked(identity)).toBe(true);
    await revoke({ level: 'jti', jti: 'token-1' });
    await complete(revocations);
    await until(() => view.size === 2, 'what is not in it to go');

    expect(view.isRevoked(identity)).toBe(true);
    expect(view.isReady).toBe(true);
  });
});

describe('RightsView', () => {
  it('follows users, ceilings and public keys', async () => {
    await publish(`user.${userId}`, member(['records:read:*']));
    await complete(rights);
    const view = rightsView();
    await until(() => view.isReady, 'the view to be ready');
    expect(view.user(userId)?.scopes).toEqual(['records:read:*']);

    await publish('key.key-1', { kind: 'key', scopes: ['records:read:orders'], limits: { requestsPerSecond: 5 } });
    await publish(`user.${userId}`, member([], true));
    await until(() => view.user(userId)?.disabled === true, 'the user to be disabled');
    expect(view.key('key-1')).toMatchObject({ scopes: ['records:read:orders'], limits: { requestsPerSecond: 5 } });
    await rights.delete(`user.${userId}`);
    await until(() => view.user(userId) === undefined, 'the user to go');

    expect(view.version).toBeGreaterThanOrEqual(4);
  });

  it('gives public keys to verify with, for their algorithm alone', async () => {
    const { publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'pk-1', alg: 'EdDSA' };
    const entry = { kind: 'public-key', jwk, issuer: 'https://x', userId, scopes: ['*'], maxLifetimeSeconds: 60 };
    await complete(rights);
    const view = rightsView();

    await publish('public-key.pk-1', { ...entry, limits: {} } as RightsEntry);
    await view.awaitEntry('public-key.pk-1', 50_000);

    expect((await view.verifyingKey('pk-1', 'EdDSA'))?.type).toBe('public');
    expect(await view.verifyingKey('pk-1', 'ES256')).toBeUndefined();
    expect(await view.verifyingKey('pk-2', 'EdDSA')).toBeUndefined();
  });

  it('has the same version and the same entries after a reading that shows what was known', async () => {
    await publish(`user.${userId}`, member(['*']));
    await complete(rights);
    const view = rightsView();
    await until(() => view.isReady, 'the view to be ready');
    const { version } = view;
    const before = view.user(userId);

    await drop(buckets.rights);
    rights = await createBucket(auth, buckets.rights);
    await publish(`user.${userId}`, member(['*']));
    await publish('user.ffffffffffffffffffffffff', member([]));
    await complete(rights);
    await until(() => view.version > version, 'the new bucket to be read');

    expect(view.version).toBe(version + 1);
    expect(view.user(userId)).toBe(before);
  });

  it('lets a user do nothing, and a key nothing, whose entry it cannot read', async () => {
    await publish(`user.${userId}`, member(['*']));
    await complete(rights);
    const view = rightsView();
    await until(() => view.user(userId) !== undefined, 'the user');

    await rights.put(`user.${userId}`, '{"kind":"user"}');
    await rights.put('key.key-1', '{"kind":"key"}');
    await until(() => view.key('key-1') !== undefined, 'the key');

    expect(view.user(userId)).toBeUndefined();
    expect(view.key('key-1')?.scopes).toEqual([]);
  });

  it('waits for an entry no longer than told', async () => {
    await complete(rights);
    const view = rightsView();
    const before = Date.now();

    await view.awaitEntry(`user.${userId}`, 200);

    expect(Date.now() - before).toBeGreaterThanOrEqual(195);
    expect(view.user(userId)).toBeUndefined();
  });
});

describe('Judge', () => {
  it('names what is out of touch with JetStream, and believes it again once it is in touch', async () => {
    for (const kv of [revocations, rights, await createBucket(auth, buckets.jwks)]) await complete(kv);
    const options = { needsMarker: true, awaitNewKeys: false, inspectEveryMs };
    const views = {
      signingKeys: follow(new KeyView(gateway, buckets.jwks, options)),
      revocations: revocationView(),
      rights: rightsView(),
    };
    const judge = new Judge(views, 1_500);
    expect(judge.gaps().map(({ code }) => code)).toEqual(['not_read', 'not_read', 'not_read']);
    await until(() => judge.gaps().length === 0, 'the views to be read');
    // In touch with nothing to hear.
    await delay(2_000);
    await until(() => judge.gaps().length === 0, 'the views to be in touch still');

    const pid = servers.processes.nats?.pid;
    if (pid === undefined) throw new Error('nats-server does not run');
    process.kill(pid, 'SIGSTOP');
    try {
      await until(() => judge.gaps().length === 3, 'the views to be stale');
      expect(judge.gaps().map(({ view, code }) => [view, code])).toEqual([
        ['signing-keys', 'stale'],
        ['revocations', 'stale'],
        ['rights', 'stale'],
      ]);
      expect(() => judge.requireFresh()).toThrow(expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }));
      expect(new Judge(views, 0).gaps()).toEqual([]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }

    await until(() => judge.gaps().length === 0, 'the views to be in touch again');
  });
});
