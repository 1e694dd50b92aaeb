import { revocationKey } from '@keyport/access';
import {
  buckets,
  createGrant,
  createKey,
  getKey,
  listKeys,
  listSigningKeys,
  login,
  revokeSigningKey,
  rotateSigningKeys,
  type SigningKeyState,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeEach, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';
import { standForRecords } from '../harness/records-double.ts';
import { ProjectionsService } from '../projections/projections.service.ts';

const cacheSeconds = '1';
const day = 24 * 3600_000;

let system: AuthSystem;
let gateway: GatewayDouble;
let owner: Who;
let projections: ProjectionsService;

beforeAll(async () => {
  system = await AuthSystem.start();
});

beforeEach(async () => {
  await system.fresh();
  projections = (await system.serve({ KEYPORT_KEY_SET_CACHE_SECONDS: cacheSeconds })).get(ProjectionsService);
  gateway = await system.gateway();
  owner = whoHas(await signIn());
});

afterAll(() => system.stop());

async function signIn(): Promise<string> {
  const { email, password } = await system.ownerFile();
  return (await gateway.ask(login, { email, password, address: '127.0.0.1' })).accessToken;
}

const stored = () => system.database.collection<{ _id: string; state: SigningKeyState }>('signing-keys');
const mint = (who: Who) => gateway.ask(createKey, { name: 'k', scopes: ['*'] }, who);
const signerOf = (token: string) => decodeProtectedHeader(token).kid ?? '';
const list = async () => (await gateway.ask(listSigningKeys, {}, owner)).items;

async function kidsIn(state: SigningKeyState): Promise<string[]> {
  return (await list()).filter((key) => key.state === state).map(({ kid }) => kid);
}

async function published(): Promise<Record<string, unknown>> {
  const kv = await openBucket(system.bus, buckets.jwks);
  const states: Record<string, unknown> = {};
  for await (const kid of await kv.keys())
    if (kid.startsWith('keyport-')) states[kid] = (await kv.get(kid))?.json<{ state: string }>().state;
  return states;
}

describe('the signing keys', () => {
  it('are at first one that signs and one that stands by, both published', async () => {
    const [current, ...others] = await kidsIn('current');
    const [standby, ...more] = await kidsIn('standby');

    expect([...others, ...more]).toEqual([]);
    expect(await published()).toEqual({ [current ?? '']: 'current', [standby ?? '']: 'standby' });
    expect(signerOf(await signIn())).toBe(current);
  });

  it('are one of each when two processes start together', async () => {
    await system.fresh();
    const both = [system.launch(), system.launch()];

    await Promise.all(both.map(({ ready }) => ready));

    const states = (await stored().find().toArray()).map(({ state }) => state);
    expect(states.sort()).toEqual(['current', 'standby']);
  });

  it.each([
    ['listed', listSigningKeys, {}, 'signing-keys:read'],
    ['rotated', rotateSigningKeys, {}, 'signing-keys:update'],
    ['revoked', revokeSigningKey, { kid: 'keyport-x' }, 'signing-keys:delete'],
  ])('cannot be %s without the right', async (_what, contract, request, scope) => {
    const who = { ...owner, scope: 'keys:* users:* revocations:*' };

    expect(await gateway.refusal(contract, request as never, who)).toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope },
    });
  });
});

describe('rotation', () => {
  it('lets the standby key sign, keeps the old one to verify with, and publishes the next before it answers', async () => {
    const [current = ''] = await kidsIn('current');
    const [standby = ''] = await kidsIn('standby');

    const { items } = await gateway.ask(rotateSigningKeys, {}, owner);

    const states = Object.fromEntries(items.map(({ kid, state }) => [kid, state]));
    expect(states).toMatchObject({ [current]: 'previous', [standby]: 'current' });
    expect(Object.values(states).sort()).toEqual(['current', 'previous', 'standby']);
    expect(await published()).toEqual(states);
    expect(signerOf(await signIn())).toBe(standby);
    expect(items.find(({ kid }) => kid === current)?.previousSince).not.toBeNull();
  });

  it('waits until the standby key was published for as long as the key set may be kept', async () => {
    await gateway.ask(rotateSigningKeys, {}, owner);
    const [standby] = await stored().find({ state: 'standby' }).toArray();
    const { publishedAt } = (await stored().findOne({ _id: standby?._id ?? '' })) as unknown as { publishedAt: Date };

    await gateway.ask(rotateSigningKeys, {}, owner);

    const rotated = (await list()).find(({ kid }) => kid === standby?._id);
    expect(Date.parse(rotated?.currentSince ?? '') - publishedAt.getTime()).toBeGreaterThanOrEqual(1_000);
  });

  it('is refused with the time to wait where no request can wait for so long', async () => {
    await system.fresh();
    await system.serve({ KEYPORT_KEY_SET_CACHE_SECONDS: '600' });
    gateway = await system.gateway();
    owner = whoHas(await signIn());
    const before = await list();

    const { publishedAt } = (await stored().findOne({ state: 'standby' })) as unknown as { publishedAt: Date };
    const leftSeconds = () => Math.ceil((publishedAt.getTime() - Date.now()) / 1000) + 600;
    const most = leftSeconds();
    const refused = await gateway.refusal(rotateSigningKeys, {}, owner);

    expect(refused).toMatchObject({ code: 'SIGNING_KEY_TOO_NEW' });
    expect(refused?.params.retryAfterSeconds).toBeLessThanOrEqual(most);
    expect(refused?.params.retryAfterSeconds).toBeGreaterThanOrEqual(leftSeconds());
    expect(await list()).toEqual(before);
  });

  it('asked for by several at once, of two processes, happens one after the other', async () => {
    const other = system.launch({ KEYPORT_KEY_SET_CACHE_SECONDS: cacheSeconds });
    await other.ready;

    await Promise.all([1, 2, 3].map(() => gateway.ask(rotateSigningKeys, {}, owner)));

    const states = (await list()).map(({ state }) => state);
    expect(states.sort()).toEqual(['current', 'previous', 'previous', 'previous', 'standby']);
  });

  it('is followed by every process at once', async () => {
    const other = system.launch({ KEYPORT_KEY_SET_CACHE_SECONDS: cacheSeconds });
    await other.ready;

    await gateway.ask(rotateSigningKeys, {}, owner);

    const [current] = await kidsIn('current');
    // Both answer in one queue group: of so many keys each signs some.
    const minted = await Promise.all(Array.from({ length: 12 }, () => mint(owner)));
    expect(new Set(minted.map(({ token }) => signerOf(token)))).toEqual(new Set([current]));
  });

  it('leaves earlier keys until nothing that they signed is good any more', async () => {
    const [old = ''] = await kidsIn('current');
    const { key } = await mint(owner);
    await gateway.ask(rotateSigningKeys, {}, owner);
    const longAgo = new Date(Date.now() - 31 * day);
    await stored().updateOne({ _id: old }, { $set: { previousSince: longAgo } as never });

    await projections.reconcile();
    expect(await kidsIn('previous')).toEqual([old]);
    await system.database.collection('keys').updateMany({ signedBy: old }, { $set: { expiresAt: new Date() } });
    await projections.reconcile();

    expect(key.revokedAt).toBeNull();
    expect(await kidsIn('previous')).toEqual([]);
    expect(await published()).not.toHaveProperty([old]);
  });
});

describe('revoking a signing key', () => {
  it('ends it at once, with the keys that it signed and those minted through them, and lets the standby sign', async () => {
    const [current = ''] = await kidsIn('current');
    const [standby = ''] = await kidsIn('standby');
    const parent = await mint(owner);
    await gateway.ask(rotateSigningKeys, {}, owner);
    const child = await mint(whoHas(parent.token));
    const other = await mint(owner);
    expect([parent, child].map(({ token }) => signerOf(token))).toEqual([current, standby]);
    owner = whoHas(await signIn());

    await gateway.ask(revokeSigningKey, { kid: current }, owner);

    const kv = await openBucket(system.bus, buckets.revocations);
    expect((await kv.get(revocationKey({ level: 'kid', kid: current })))?.json()).toMatchObject({ before: null });
    expect(await published()).not.toHaveProperty([current]);
    for (const { key } of [parent, child])
      expect((await gateway.ask(getKey, { keyId: key.id }, owner)).revokedAt).not.toBeNull();
    expect((await gateway.ask(getKey, { keyId: other.key.id }, owner)).revokedAt).toBeNull();
    for (const { token } of [parent, child]) {
      await eventually(
        () => gateway.refusal(listKeys, {}, whoHas(token)),
        (refused) => refused?.code === 'TOKEN_REVOKED',
      );
    }
  });

  it('of the one that signs leaves no moment without one, and forgets its private half', async () => {
    const [current = ''] = await kidsIn('current');
    const [standby = ''] = await kidsIn('standby');

    await gateway.ask(revokeSigningKey, { kid: current }, owner);

    const token = await signIn();
    expect(signerOf(token)).toBe(standby);
    owner = whoHas(token);
    expect(await kidsIn('standby')).toHaveLength(1);
    expect(await stored().findOne({ _id: current })).toMatchObject({ state: 'revoked', sealedPrivateJwk: null });
  });

  it('one after the other leaves one that signs, whichever were revoked', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (const kid of [...(await kidsIn('standby')), ...(await kidsIn('current'))]) {
        await gateway.ask(revokeSigningKey, { kid }, owner);
        owner = whoHas(await signIn());
      }
    }

    expect(await kidsIn('current')).toHaveLength(1);
    expect(await kidsIn('standby')).toHaveLength(1);
    expect(Object.values(await published()).sort()).toEqual(['current', 'standby']);
  });

  it('twice, or twice at once, changes nothing more', async () => {
    const [kid = ''] = await kidsIn('standby');

    await Promise.all([1, 2].map(() => gateway.ask(revokeSigningKey, { kid }, owner)));
    await gateway.ask(revokeSigningKey, { kid }, owner);

    expect((await list()).map(({ state }) => state).sort()).toEqual(['current', 'revoked', 'standby']);
  });

  it('that does not exist is refused', async () => {
    expect(await gateway.refusal(revokeSigningKey, { kid: 'keyport-x' }, owner)).toMatchObject({
      code: 'SIGNING_KEY_NOT_FOUND',
      params: { kid: 'keyport-x' },
    });
  });

  it('is completed by the next who looks where the process died in between', async () => {
    const [kid = ''] = await kidsIn('current');
    const { token, key } = await mint(owner);
    await gateway.ask(rotateSigningKeys, {}, owner);
    owner = whoHas(await signIn());
    await stored().updateOne({ _id: kid }, { $set: { state: 'revoked', revokedAt: new Date() } as never });

    await projections.reconcile();

    expect(await published()).not.toHaveProperty([kid]);
    expect((await gateway.ask(getKey, { keyId: key.id }, owner)).revokedAt).not.toBeNull();
    await eventually(
      () => gateway.refusal(listKeys, {}, whoHas(token)),
      (refused) => refused?.code === 'TOKEN_REVOKED',
    );
  });

  it('ends the jobs of tokens that it signed, and those whose grant it signed', async () => {
    const importer = await system.servers.requesterOf('import');
    const grantOf = async (who: Who) => {
      const request = { jobId: '00000000000000aa', dataset: 'orders', actions: ['records:create'] };
      return (await importer.request(createGrant, request, { authority: await gateway.contextFor(who) })).grant;
    };
    const early = owner;
    const [kid = ''] = await kidsIn('current');
    await gateway.ask(rotateSigningKeys, {}, owner);
    const grants = [await grantOf(early), await grantOf(whoHas(await signIn()))];
    expect(grants.map(signerOf)).not.toContain(kid);
    const records = await standForRecords(system);
    for (const grant of grants) await records.verifier.verify(grant);
    const codes = () =>
      Promise.all(
        grants.map((grant) =>
          records.verifier.verify(grant).then(
            () => 'good',
            ({ code }) => code as string,
          ),
        ),
      );

    owner = whoHas(await signIn());
    await gateway.ask(revokeSigningKey, { kid }, owner);
    await eventually(codes, ([first, second]) => first === 'RIGHTS_LOST' && second === 'good');
    await gateway.ask(revokeSigningKey, { kid: signerOf(grants[1] ?? '') }, owner);
    await eventually(codes, ([, second]) => second === 'RIGHTS_LOST' || second === 'CONTEXT_INVALID');

    for (const view of records.views) view.stop();
  });
});
