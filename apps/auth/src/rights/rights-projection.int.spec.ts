import { buckets, createKey, createPublicKey, type RightsEntry } from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import type { GatewayDouble, Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KV } from '@nats-io/kv';
import type { INestMicroservice } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { AuthSystem } from '../harness/auth-system.ts';
import { Team } from '../harness/team.ts';
import type { Key } from '../keys/key.model.ts';
import { showEntry } from '../projections/show-entry.ts';
import { scopesOfRole } from '../users/roles.ts';
import type { User } from '../users/user.model.ts';
import { RightsProjection } from './rights-projection.ts';

const day = 24 * 3600_000;

let system: AuthSystem;
let service: INestMicroservice;
let gateway: GatewayDouble;
let projection: RightsProjection;
let team: Team;
let kv: KV;

beforeAll(async () => {
  system = await AuthSystem.start();
  service = await system.serve();
  projection = service.get(RightsProjection);
  gateway = await system.gateway();
  team = await Team.of(system, gateway);
  kv = await openBucket(system.bus, buckets.rights);
});

afterAll(() => system.stop());

const users = () => system.database.collection<User>('users');
const keys = () => system.database.collection<Key>('keys');
const idOf = ({ sub = '' }: Who) => sub;

async function shown(name: string): Promise<RightsEntry | undefined> {
  const entry = await kv.get(name);
  return entry?.operation === 'PUT' ? entry.json<RightsEntry>() : undefined;
}

describe('the rights on the bus', () => {
  it('are those of each role, from the first start on', async () => {
    const [admin, member] = [await team.admin(), await team.member(['records:read:orders'])];

    const entries = await Promise.all([team.owner, admin, member].map((who) => shown(`user.${idOf(who)}`)));

    expect(entries).toEqual([
      { kind: 'user', role: 'owner', scopes: ['*'], disabled: false },
      { kind: 'user', role: 'admin', scopes: scopesOfRole.admin, disabled: false },
      { kind: 'user', role: 'member', scopes: ['records:read:orders'], disabled: false },
    ]);
    expect(scopesOfRole.admin).not.toContain('signing-keys:*');
    expect(scopesOfRole.admin).toContain('records:*:*');
  });

  it('follow MongoDB for one user, and go with them', async () => {
    const member = await team.member(['keys:read']);
    const id = idOf(member);

    await users().updateOne({ _id: id }, { $set: { disabled: true } });
    await projection.showUser(id);
    const disabled = await shown(`user.${id}`);
    await users().deleteOne({ _id: id });
    await projection.showUser(id);
    await projection.showUser(id);

    expect(disabled).toMatchObject({ disabled: true });
    expect(await shown(`user.${id}`)).toBeUndefined();
  });

  it('hold for a key with a ceiling also after it expired, as long as its jobs may run, and not once it is revoked', async () => {
    const request = { name: 'k', scopes: ['keys:read'], limits: { burst: 3 } };
    const { key } = await gateway.ask(createKey, request, team.owner);
    const after = async (change: Partial<Key>) => {
      await keys().updateOne({ _id: key.id }, { $set: change });
      await projection.showKey(key.id);
      return shown(`key.${key.id}`);
    };

    expect(await after({ expiresAt: new Date(Date.now() - 29 * day) })).toEqual({
      kind: 'key',
      scopes: ['keys:read'],
      limits: { burst: 3 },
    });
    expect(await after({ expiresAt: new Date(Date.now() - 31 * day) })).toBeUndefined();
    expect(await after({ expiresAt: new Date(Date.now() + day), revokedAt: new Date() })).toBeUndefined();
  });

  it('say of a public key what verifies its tokens', async () => {
    const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as Record<string, unknown>;
    const request = { name: 'k', jwk, scopes: ['keys:read'], maxLifetimeSeconds: 60 };

    const registered = await gateway.ask(createPublicKey, request, team.owner);

    expect(await shown(`public-key.${registered.kid}`)).toEqual({
      kind: 'public-key',
      jwk: registered.jwk,
      issuer: registered.issuer,
      userId: team.owner.sub,
      scopes: ['keys:read'],
      maxLifetimeSeconds: 60,
      ...{ limits: {}, ancestors: [], expiresAt: null },
    });
  });

  it('are what MongoDB says last, however many changes are shown at once', async () => {
    const id = idOf(await team.member(['keys:read']));
    const scopes = Array.from({ length: 20 }, (_, index) => `records:read:d${index}`);

    await Promise.all(
      scopes.map(async (scope) => {
        await users().updateOne({ _id: id }, { $set: { scopes: [scope] } });
        await projection.showUser(id);
      }),
    );

    expect(await shown(`user.${id}`)).toMatchObject({ scopes: (await users().findOne({ _id: id }))?.scopes });
  });
});

describe('showEntry', () => {
  it('looks again where another process wrote after it had read', async () => {
    const answers = ['old', 'new'];

    await showEntry(kv, 'user.raced', async () => {
      const answer = answers.shift();
      // Whoever knows MongoDB's newer state writes it in between.
      if (answer === 'old') await kv.put('user.raced', '"newer"');
      return answer;
    });

    expect((await kv.get('user.raced'))?.json()).toBe('new');
    expect(answers).toEqual([]);
  });

  it('does not delete what another process wrote after it had read', async () => {
    await kv.put('user.raced', '"old"');
    const answers = [null, 'new'];

    await showEntry(kv, 'user.raced', async () => {
      const answer = answers.shift();
      if (answer === null) await kv.put('user.raced', '"newer"');
      return answer;
    });

    expect((await kv.get('user.raced'))?.json()).toBe('new');
  });
});
