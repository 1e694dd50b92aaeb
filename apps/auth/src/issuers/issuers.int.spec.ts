import { randomUUID } from 'node:crypto';
import {
  buckets,
  changeIssuer,
  createIssuer,
  deleteIssuer,
  getIssuer,
  listIssuers,
  type IssuerRights,
  type RequestInput,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import type { GatewayDouble } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSystem } from '../harness/auth-system.ts';
import { fetchingHere, KeySetServer, publicJwk } from '../harness/key-set-server.ts';
import { rightsKeys } from '../rights/rights-entries.ts';

const publicUrl = 'http://127.0.0.1:3000';
const scopes = ['issuers:*', 'records:read:orders', 'imports:create:orders'];
const holding = (...held: string[]) => ({ scope: held.join(' '), iss: publicUrl, sub: 'service:administrator' });
const administrator = holding(...scopes);

let system: AuthSystem;
let gateway: GatewayDouble;
let keySet: KeySetServer;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve(fetchingHere(3_600, 3_600));
  await system.serve(fetchingHere(3_600, 3_600));
  gateway = await system.gateway();
  keySet = await KeySetServer.start('first');
});

afterAll(async () => {
  await keySet?.stop();
  await system.stop();
});

type Asked = RequestInput<typeof createIssuer>;

const asked = (change: Partial<Asked> = {}): Asked => ({
  ...{ issuer: `https://${randomUUID()}.example`, audience: 'keyport', scopeMapping: [] },
  ...{ ceiling: ['records:read:orders'], jwksUri: keySet.url, ...change },
});
const register = (change: Partial<Asked> = {}) => gateway.ask(createIssuer, asked(change), administrator);
const given = () => ({ jwksUri: undefined, jwks: { keys: [{ ...publicJwk(), kid: 'given' }] } });

/** What gateways judge its tokens by; undefined where there is nothing. */
async function shown(issuerId: string): Promise<IssuerRights | undefined> {
  const entry = await (await openBucket(system.bus, buckets.rights)).get(rightsKeys.issuer(issuerId));
  return entry && entry.length > 0 ? entry.json<IssuerRights>() : undefined;
}

describe('An issuer', () => {
  it('is shown to the gateways with its keys before the answer leaves', async () => {
    const { id, issuer, keySet: fetched } = await register({ trust: 'direct', maxLifetimeSeconds: 60 });

    expect(fetched).toMatchObject({ kids: ['first'], problem: null, fetchedAt: expect.any(String) });
    expect(await shown(id)).toMatchObject({
      ...{ issuer, trust: 'direct', audience: 'keyport', ceiling: ['records:read:orders'], maxLifetimeSeconds: 60 },
      keys: [{ kid: 'first', alg: 'ES256' }],
    });
  });

  it('whose keys are given is asked for nothing', async () => {
    const before = keySet.hits;

    const { keySet: known } = await register(given());

    expect(known).toEqual({ kids: ['given'], fetchedAt: null, problem: null });
    expect(keySet.hits).toBe(before);
  });

  it('is registered once by several at once', async () => {
    const same = asked();

    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => gateway.refusal(createIssuer, same, administrator)),
    );

    expect(outcomes.map((refused) => refused?.code ?? 'none').sort()).toEqual([
      ...Array.from({ length: 7 }, () => 'ISSUER_TAKEN'),
      'none',
    ]);
  });

  it.each<[string, string, () => Partial<Asked>]>([
    ['this deployment', 'ISSUER_INVALID', () => ({ issuer: publicUrl })],
    ['one by http', 'ISSUER_INVALID', () => ({ issuer: 'http://idp.example' })],
    ['keys that are not there', 'ISSUER_KEYS_UNAVAILABLE', () => ({ jwksUri: 'http://127.0.0.1:1/jwks' })],
    ['keys inside', 'ISSUER_KEYS_UNAVAILABLE', () => ({ jwksUri: 'https://10.0.0.1/jwks' })],
    ['a ceiling above its maker', 'SCOPE_NOT_HELD', () => ({ ceiling: ['records:read:*'] })],
  ])('is refused with %s, and nothing of it is left', async (_what, code, change) => {
    const before = await system.database.collection('issuers').countDocuments();

    const refused = await gateway.refusal(createIssuer, asked(change()), administrator);

    expect(refused?.code).toBe(code);
    expect(await system.database.collection('issuers').countDocuments()).toBe(before);
  });

  it('whose keys cannot be used at all is refused', async () => {
    const server = await KeySetServer.start();

    const refused = await gateway.refusal(createIssuer, asked({ jwksUri: server.url }), administrator);

    expect(refused).toMatchObject({ code: 'ISSUER_KEYS_UNAVAILABLE' });
    await server.stop();
  });

  it('is changed only by who holds all that it may do afterwards, and each change counts', async () => {
    const { id: issuerId } = await register({ ceiling: ['records:read:orders', 'imports:create:orders'] });
    const weak = holding('issuers:*', 'records:read:orders');

    const refused = await gateway.refusal(changeIssuer, { issuerId, trust: 'direct' }, weak);
    const lowered = await gateway.ask(changeIssuer, { issuerId, ceiling: ['records:read:orders'] }, weak);
    await Promise.all([
      gateway.ask(changeIssuer, { issuerId, trust: 'direct' }, administrator),
      gateway.ask(changeIssuer, { issuerId, audience: 'other' }, administrator),
      gateway.ask(changeIssuer, { issuerId, maxLifetimeSeconds: 7 }, administrator),
    ]);

    expect(refused?.code).toBe('SCOPE_NOT_HELD');
    expect(lowered.ceiling).toEqual(['records:read:orders']);
    const all = { trust: 'direct', audience: 'other', maxLifetimeSeconds: 7, ceiling: ['records:read:orders'] };
    expect(await gateway.ask(getIssuer, { issuerId }, administrator)).toMatchObject(all);
    expect(await shown(issuerId)).toMatchObject(all);
  });

  it('goes on as it was where new keys cannot be fetched', async () => {
    const { id: issuerId } = await register();
    const before = await gateway.ask(getIssuer, { issuerId }, administrator);

    const change = { issuerId, jwksUri: 'http://127.0.0.1:1/jwks', trust: 'direct' as const };
    const refused = await gateway.refusal(changeIssuer, change, administrator);

    expect(refused?.code).toBe('ISSUER_KEYS_UNAVAILABLE');
    expect(await gateway.ask(getIssuer, { issuerId }, administrator)).toEqual(before);
  });

  it('is gone from the gateways before the deletion is answered, and a second one finds nothing', async () => {
    const { id: issuerId } = await register();

    await gateway.ask(deleteIssuer, { issuerId }, administrator);

    expect(await shown(issuerId)).toBeUndefined();
    const refusals = [
      await gateway.refusal(deleteIssuer, { issuerId }, administrator),
      await gateway.refusal(getIssuer, { issuerId }, administrator),
      await gateway.refusal(changeIssuer, { issuerId, trust: 'direct' }, administrator),
    ];
    expect(refusals.map((refused) => refused?.code)).toEqual(refusals.map(() => 'ISSUER_NOT_FOUND'));
  });

  it('is listed newest first, page by page', async () => {
    const made = [(await register()).id, (await register()).id, (await register()).id];

    const first = await gateway.ask(listIssuers, { limit: 2 }, administrator);
    const second = await gateway.ask(listIssuers, { limit: 1, cursor: first.next ?? undefined }, administrator);

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(made.toReversed());
  });

  it.each([
    ['registered', createIssuer, () => asked()],
    ['seen', getIssuer, () => ({ issuerId: 'x' })],
    ['listed', listIssuers, () => ({})],
    ['changed', changeIssuer, () => ({ issuerId: 'x', trust: 'direct' as const })],
    ['deleted', deleteIssuer, () => ({ issuerId: 'x' })],
  ] as const)('is not %s without the right to', async (_what, contract, request) => {
    const refused = await gateway.refusal(contract, request(), holding('keys:*'));

    expect(refused?.code).toBe('INSUFFICIENT_SCOPE');
  });
});
