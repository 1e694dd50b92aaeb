import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { faultyPathsOf, outcomeOf, signedInUser, TestStack, type KeyportClient, type Problem } from '@keyport/testing';

interface Page {
  readonly items: readonly { readonly id: string }[];
}

const detail = { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'] };
const manyScopes = Array.from({ length: 201 }, (_, index) => `records:read:a${index}`);
const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
const privateJwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' });

let stack: TestStack;
let owner: KeyportClient;
/** May make keys and public keys that read orders. */
let maker: KeyportClient;
let keyId: string;

beforeAll(async () => {
  stack = await TestStack.start();
  owner = stack.client;
  const scopes = ['keys:*', 'public-keys:*', 'records:read:orders'];
  maker = (await signedInUser(owner, { scopes })).client;
  keyId = (await maker.minted('records:read:orders')).keyId;
});

afterAll(() => stack?.stop());

const post = (client: KeyportClient, path: string, json: unknown) =>
  client.request<Problem>(path, { method: 'POST', json });
const patch = (client: KeyportClient, path: string, json: unknown) =>
  client.request<Problem>(path, { method: 'PATCH', json });
const remove = (client: KeyportClient, path: string) => client.request<Problem>(path, { method: 'DELETE' });
const countOf = async (path: string) => (await maker.ok<Page>(`${path}?limit=1000`)).items.length;

describe('Minting a key', () => {
  it.each<[string, object, string[]]>([
    ['no name', { name: undefined }, ['name']],
    ['an empty name', { name: '  ' }, ['name']],
    ['a name that is too long', { name: 'n'.repeat(201) }, ['name']],
    ['a name of the wrong type', { name: ['k'] }, ['name']],
    ['no scopes', { scopes: [] }, ['scopes']],
    ['a scope that does not exist', { scopes: ['records:read:orders', 'moon:read'] }, ['scopes.1']],
    ['an action that does not exist', { scopes: ['records:fly:orders'] }, ['scopes.0']],
    ['a scope without its dataset', { scopes: ['records:read'] }, ['scopes.0']],
    ['a scope with a dataset that it does not take', { scopes: ['keys:read:orders'] }, ['scopes.0']],
    ['a pattern with a star inside', { scopes: ['records:read:or*rs'] }, ['scopes.0']],
    ['a pattern of capital letters', { scopes: ['records:read:Orders'] }, ['scopes.0']],
    ['a scope of the wrong type', { scopes: [1] }, ['scopes.0']],
    ['more scopes than a key has', { scopes: manyScopes }, ['scopes']],
    ['an end in the past', { expiresInSeconds: 0 }, ['expiresInSeconds']],
    ['an end that is no number', { expiresInSeconds: '3600' }, ['expiresInSeconds']],
    ['an end between two seconds', { expiresInSeconds: 1.5 }, ['expiresInSeconds']],
    ['a limit of nothing', { limits: { requestsPerSecond: 0 } }, ['limits.requestsPerSecond']],
    ['a limit that does not exist', { limits: { exportsPerDay: 1 } }, ['limits']],
    ['a limit beyond the defaults', { limits: { burst: 100_001 } }, ['limits.burst']],
    ['details of another type', { authorizationDetails: [{ ...detail, type: 'x' }] }, ['authorizationDetails.0.type']],
    [
      'a filter that runs code',
      { authorizationDetails: [{ ...detail, filter: { $where: '1' } }] },
      ['authorizationDetails.0.filter'],
    ],
    ['an unknown field', { id: 'mine' }, ['body']],
    ['several at once', { name: 1, scopes: 'x', expiresInSeconds: -1 }, ['name', 'scopes', 'expiresInSeconds']],
  ])('names what is wrong, and mints nothing: %s', async (_what, change, paths) => {
    const before = await countOf('/v1/keys');

    const reply = await post(maker, '/v1/keys', { name: 'k', scopes: ['records:read:orders'], ...change });

    expect(outcomeOf(reply)).toEqual([422, 'VALIDATION_FAILED']);
    expect(faultyPathsOf(reply)).toEqual(paths);
    expect(await countOf('/v1/keys')).toBe(before);
  });

  it.each([['*'], ['records:read:*'], ['records:read:orders-*'], ['records:*:orders'], ['users:read']])(
    'gives nobody %s who does not have it',
    async (scope) => {
      const before = await countOf('/v1/keys');

      const reply = await post(maker, '/v1/keys', { name: 'k', scopes: ['records:read:orders', scope] });

      expect(outcomeOf(reply)).toEqual([403, 'SCOPE_NOT_HELD']);
      expect(reply.body.detail).toContain(scope);
      expect(await countOf('/v1/keys')).toBe(before);
    },
  );
});

describe('Changing a key', () => {
  it.each<[string, object, string[]]>([
    ['an empty name', { name: '' }, ['name']],
    ['a scope that does not exist', { scopes: ['moon:read'] }, ['scopes.0']],
    ['a limit of the wrong type', { limits: { burst: 'much' } }, ['limits.burst']],
    ['an end', { expiresInSeconds: 60 }, ['body']],
    ['an owner', { name: 'other', owner: 'me' }, ['body']],
  ])('names what is wrong, and changes nothing: %s', async (_what, json, paths) => {
    const before = await maker.ok(`/v1/keys/${keyId}`);

    const reply = await patch(maker, `/v1/keys/${keyId}`, json);

    expect(outcomeOf(reply)).toEqual([422, 'VALIDATION_FAILED']);
    expect(faultyPathsOf(reply)).toEqual(paths);
    expect(await maker.ok(`/v1/keys/${keyId}`)).toEqual(before);
  });

  it.each<[string, unknown, string]>([
    ['a negative grace', { graceSeconds: -1 }, 'graceSeconds'],
    ['a grace beyond thirty days', { graceSeconds: 30 * 24 * 3600 + 1 }, 'graceSeconds'],
    ['a grace that is no number', { graceSeconds: '60' }, 'graceSeconds'],
    ['an unknown field', { grace: 60 }, 'body'],
  ])('rotates nothing with %s', async (_what, json, path) => {
    const before = await maker.ok(`/v1/keys/${keyId}`);

    const reply = await post(maker, `/v1/keys/${keyId}/rotate`, json);

    expect([reply.status, faultyPathsOf(reply)]).toEqual([422, [path]]);
    expect(await maker.ok(`/v1/keys/${keyId}`)).toEqual(before);
  });

  it.each([
    ['limit=0', 'limit'],
    ['endsWithinSeconds=-1', 'endsWithinSeconds'],
    ['endsWithinSeconds=soon', 'endsWithinSeconds'],
    [`owner=${'o'.repeat(65)}`, 'owner'],
  ])('is not asked for with ?%s', async (query, path) => {
    const reply = await maker.request<Problem>(`/v1/keys?${query}`);

    expect([reply.status, faultyPathsOf(reply)]).toEqual([422, [path]]);
  });
});

describe('Registering a public key', () => {
  it.each<[string, object, [number, string], string[] | undefined]>([
    ['no JWK', { jwk: undefined }, [422, 'VALIDATION_FAILED'], ['jwk']],
    ['a JWK as a text', { jwk: JSON.stringify(jwk) }, [422, 'VALIDATION_FAILED'], ['jwk']],
    ['a life of nothing', { maxLifetimeSeconds: 0 }, [422, 'VALIDATION_FAILED'], ['maxLifetimeSeconds']],
    ['an unknown field', { kid: 'mine' }, [422, 'VALIDATION_FAILED'], ['body']],
    ['a limit beyond the defaults', { limits: { burst: 1_000_000 } }, [422, 'VALIDATION_FAILED'], ['limits.burst']],
    ['a private key', { jwk: privateJwk }, [422, 'PUBLIC_KEY_INVALID'], undefined],
    ['an empty JWK', { jwk: {} }, [422, 'PUBLIC_KEY_INVALID'], undefined],
    ['RSA of 1024 bits', { jwk: weakRsa }, [422, 'PUBLIC_KEY_INVALID'], undefined],
    ['another curve', { jwk: otherCurve }, [422, 'PUBLIC_KEY_INVALID'], undefined],
    ['a secret', { jwk: { kty: 'oct', k: 'c2VjcmV0' } }, [422, 'PUBLIC_KEY_INVALID'], undefined],
    ['more than its maker has', { scopes: ['*'] }, [403, 'SCOPE_NOT_HELD'], undefined],
  ])('says what is wrong, and registers nothing: %s', async (_what, change, expected, paths) => {
    const reply = await post(maker, '/v1/public-keys', { name: 'k', jwk, scopes: ['records:read:orders'], ...change });

    expect(outcomeOf(reply)).toEqual(expected);
    expect(faultyPathsOf(reply)).toEqual(paths);
    expect(await countOf('/v1/public-keys')).toBe(0);
  });
});

describe("What is somebody else's", () => {
  it('is answered as what does not exist', async () => {
    const stranger = (await signedInUser(owner, { scopes: ['keys:*', 'public-keys:*'] })).client;
    const scopes = ['keys:read'];
    const { key } = await owner.ok<{ key: { id: string } }>('/v1/keys', {
      method: 'POST',
      json: { name: 'k', scopes },
    });
    const { id } = await owner.ok<{ id: string }>('/v1/public-keys', {
      method: 'POST',
      json: { name: 'k', jwk, scopes },
    });
    const answersTo = async (client: KeyportClient, ofKey: string, ofPublicKey: string) =>
      [
        await client.request<Problem>(`/v1/keys/${ofKey}`),
        await patch(client, `/v1/keys/${ofKey}`, { name: 'mine' }),
        await patch(client, `/v1/keys/${ofKey}`, { limits: { burst: 1_000_000 } }),
        await post(client, `/v1/keys/${ofKey}/rotate`, {}),
        await remove(client, `/v1/keys/${ofKey}`),
        await client.request<Problem>(`/v1/public-keys/${ofPublicKey}`),
        await remove(client, `/v1/public-keys/${ofPublicKey}`),
      ].map((reply) => [...outcomeOf(reply), reply.body.detail?.replace(/\S*[0-9a-f]{24}\S*/, '…')]);

    const foreign = await answersTo(stranger, key.id, id);

    expect(new Set(foreign.map(([status]) => status))).toEqual(new Set([404]));
    expect(foreign).toEqual(await answersTo(stranger, '0'.repeat(24), '0'.repeat(24)));
    expect(await owner.ok(`/v1/keys/${key.id}`)).toEqual(expect.objectContaining({ name: 'k', revokedAt: null }));
    expect(await owner.ok(`/v1/public-keys/${id}`)).toEqual(expect.objectContaining({ revokedAt: null }));
    expect(JSON.stringify(await stranger.ok('/v1/keys'))).not.toContain(key.id);
    expect(outcomeOf(await stranger.request<Problem>('/v1/keys?owner=*'))).toEqual([200]);
    expect((await stranger.ok<Page>('/v1/keys?owner=*')).items).toEqual([]);
  });
});
