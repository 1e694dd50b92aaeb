import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  eventually,
  oneOfThree,
  outcomeOf,
  refusedWithinASecond,
  signedInUser,
  withinASecond,
  type KeyportClient,
  type Problem,
  type Reply,
} from '@keyport/testing';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { gateways, owner, withTwoGateways } from './two-gateways.ts';

interface Registered {
  readonly id: string;
  readonly kid: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly alg: string;
}

interface Me {
  readonly kind: string;
  readonly subject: string;
  readonly issuer: string;
  readonly scopes: readonly string[];
}

interface Inspection {
  readonly active: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean | null; readonly detail: string }[];
}

/** Names by RFC 8037, RFC 7518 §3.4 and §3.5. */
const kinds = [
  ['Ed25519', 'EdDSA'],
  ['P-256', 'ES256'],
  ['RSA', 'PS256'],
] as const;

const defaultScopes = ['records:read:orders', 'keys:*'];

withTwoGateways(['orders', 'invoices']);

/** Somebody who has a key pair, and registered its public half once. */
class Signer {
  private constructor(
    readonly registered: Registered,
    readonly privateKey: CryptoKey,
  ) {}

  static async registeredBy(
    client: KeyportClient,
    { alg = 'EdDSA', ...request }: { alg?: string; scopes?: readonly string[]; maxLifetimeSeconds?: number } = {},
  ): Promise<Signer> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(publicKey);
    const json = { name: alg, jwk, scopes: defaultScopes, maxLifetimeSeconds: 600, ...request };
    const registered = await client.ok<Registered>('/v1/public-keys', { method: 'POST', json });
    return new Signer(registered, privateKey);
  }

  /** Made without asking anybody. */
  token(claims: JWTPayload = {}, { kid = this.registered.kid, key = this.privateKey } = {}): Promise<string> {
    const { alg, issuer, subject, audience } = this.registered;
    const now = Math.floor(Date.now() / 1000);
    const said = { iss: issuer, sub: subject, aud: audience, iat: now, exp: now + 300, jti: randomUUID() };
    return new SignJWT({ ...said, scope: defaultScopes.join(' '), ...claims })
      .setProtectedHeader({ kid, typ: 'at+jwt', alg })
      .sign(key);
  }
}

const me = (client: KeyportClient) => client.request<Me & Problem>('/v1/auth/me');
/** What every gateway answers with the token. */
const meOnEach = async (token: string): Promise<Reply<Me & Problem>[]> =>
  Promise.all(gateways.map((gateway) => me(gateway.with(token))));
const statusesOn = async (token: string) => (await meOnEach(token)).map(({ status }) => status);
const expectGoodOnEach = async (token: string) => {
  const areGood = (statuses: readonly number[]) => statuses.every((status) => status === 200);
  expect(await eventually(() => statusesOn(token), areGood)).toEqual([200, 200]);
};
const expectRefusedOnEach = async (token: string) => {
  for (const gateway of gateways) {
    expect(outcomeOf(await refusedWithinASecond(gateway.with(token)))).toEqual([401, 'TOKEN_REVOKED']);
  }
};
const inspect = (token: string) => owner.ok<Inspection>('/v1/tokens/inspect', { method: 'POST', json: { token } });
const failedCheckOf = ({ checks }: Inspection) => checks.find(({ ok }) => ok === false)?.name;

describe('A token that somebody signs alone', () => {
  it.each(kinds)('with %s works at once on every gateway', async (_kind, alg) => {
    const registerAndAsk = async () => {
      const signer = await Signer.registeredBy(owner, { alg });
      const token = await signer.token();
      return { signer, token, replies: await meOnEach(token) };
    };

    // A gateway that stands still just then hears of the key behind the request.
    const { signer, token, replies } = await oneOfThree(registerAndAsk, (one) =>
      one.replies.every(({ status }) => status === 200),
    );
    const reads = await Promise.all(
      gateways.map((gateway) => gateway.with(token).request('/v1/datasets/orders/records')),
    );

    expect(signer.registered.alg).toBe(alg);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(reads.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('says of itself what it is, and where each of its rights comes from', async () => {
    const { id, client } = await signedInUser(owner, { scopes: ['records:*:*', 'public-keys:create'] });
    const signer = await Signer.registeredBy(client, { scopes: ['records:read:*', 'public-keys:create'] });

    const { body } = await me(owner.with(await signer.token({ scope: 'records:read:orders records:create:orders' })));

    expect(body).toMatchObject({
      kind: 'self-issued',
      subject: id,
      issuer: signer.registered.issuer,
      key: null,
      scopes: ['records:read:orders'],
      rights: [
        {
          scope: 'records:read:orders',
          from: { token: 'records:read:orders', key: 'records:read:*', owner: 'records:*:*' },
        },
      ],
      sources: {
        token: ['records:read:orders', 'records:create:orders'],
        key: ['records:read:*', 'public-keys:create'],
        owner: { id, role: 'member', scopes: ['records:*:*', 'public-keys:create'] },
      },
    });
  });

  it('may do what was registered and no more, whatever it asks for', async () => {
    const signer = await Signer.registeredBy(owner);
    const greedy = owner.with(await signer.token({ scope: '*' }));
    const modest = owner.with(await signer.token({ scope: 'records:read:orders' }));

    expect((await me(greedy)).body.scopes).toEqual(defaultScopes);
    expect((await me(modest)).body.scopes).toEqual(['records:read:orders']);
    expect((await greedy.request('/v1/datasets/orders/records')).status).toBe(200);
    for (const path of ['/v1/datasets/invoices/records', '/v1/users', '/v1/audit'])
      expect(outcomeOf(await greedy.request<Problem>(path))).toEqual([403, 'INSUFFICIENT_SCOPE']);
    const written = await greedy.import('orders', 'application/x-ndjson', '{"a":1}\n');
    expect(outcomeOf(written as Reply<object>)).toEqual([403, 'INSUFFICIENT_SCOPE']);
  });

  it('lives no longer than was registered', async () => {
    const signer = await Signer.registeredBy(owner, { maxLifetimeSeconds: 60 });
    /** Seconds from now. */
    const living = (from: number, to: number) => {
      const now = Math.floor(Date.now() / 1000);
      return signer.token({ iat: now + from, exp: now + to });
    };

    await expectGoodOnEach(await living(0, 60));
    for (const [from, to] of [
      [0, 61],
      [-100, -50],
      [30, 60],
    ] as const) {
      const refused = await me(owner.with(await living(from, to)));
      expect(outcomeOf(refused)).toEqual([401, 'TOKEN_INVALID']);
      expect(refused.body.detail).toContain('"time"');
      expect(refused.headers.get('www-authenticate')).toContain('invalid_token');
    }
  });

  it('ends with its public key, and so does what was minted through it', async () => {
    const signer = await Signer.registeredBy(owner);
    const [one, two] = [await signer.token(), await signer.token()];
    const minted = await owner.with(one).minted('records:read:orders');
    for (const token of [one, two, minted.token ?? '']) await expectGoodOnEach(token);

    const { status } = await owner.request(`/v1/public-keys/${signer.registered.id}`, { method: 'DELETE' });

    expect(status).toBe(204);
    for (const token of [one, two, minted.token ?? '']) await expectRefusedOnEach(token);
    // Nobody knows the key any more, so that a new token is not even revoked.
    for (const { status: now, body } of await meOnEach(await signer.token()))
      expect([now, body.code]).toEqual([401, 'TOKEN_INVALID']);
  });

  it('ends where its user is disabled, and goes on where they are enabled again', async () => {
    const { id, client } = await signedInUser(owner, { scopes: [...defaultScopes, 'public-keys:create'] });
    const signer = await Signer.registeredBy(client);
    const token = await signer.token();
    await expectGoodOnEach(token);
    const disable = (disabled: boolean) => owner.ok(`/v1/users/${id}`, { method: 'PATCH', json: { disabled } });

    await disable(true);
    await expectRefusedOnEach(token);
    expect(failedCheckOf(await inspect(token))).toBe('owner');

    await disable(false);
    await withinASecond(
      () => statusesOn(token),
      (statuses) => statuses.every((status) => status === 200),
    );
  });

  it('loses what its owner loses', async () => {
    const { id, client } = await signedInUser(owner, { role: 'owner' });
    const signer = await Signer.registeredBy(client, { scopes: ['*'] });
    const token = await signer.token({ scope: '*' });
    const scopesBecome = (scopes: readonly string[]) =>
      withinASecond(
        async () => (await meOnEach(token)).map(({ body }) => body.scopes),
        (each) => each.every((one) => JSON.stringify(one) === JSON.stringify(scopes)),
      );
    await scopesBecome(['*']);

    await owner.ok(`/v1/users/${id}`, {
      method: 'PATCH',
      json: { role: 'member', scopes: ['records:read:orders', 'keys:read'] },
    });

    await scopesBecome(['records:read:orders', 'keys:read']);
    expect(outcomeOf(await owner.with(token).request<Problem>('/v1/users'))).toEqual([403, 'INSUFFICIENT_SCOPE']);
  });

  it('is revoked alone by its jti', async () => {
    const signer = await Signer.registeredBy(owner);
    const jti = randomUUID();
    const [revoked, other] = [await signer.token({ jti }), await signer.token()];
    await expectGoodOnEach(revoked);

    await owner.ok('/v1/revocations', { method: 'POST', json: { jti, iss: signer.registered.issuer } });

    await expectRefusedOnEach(revoked);
    await expectGoodOnEach(other);
    expect(failedCheckOf(await inspect(revoked))).toBe('revocation');
  });
});

describe('The inspection of a token that somebody signed alone', () => {
  it('names no failing check where there is none', async () => {
    const inspection = await inspect(await (await Signer.registeredBy(owner)).token());

    expect(inspection.active).toBe(true);
    expect(inspection.checks.map(({ ok }) => ok)).not.toContain(false);
  });

  it.each<[string, string, (signer: Signer) => Promise<string>]>([
    ['for another deployment', 'audience', (signer) => signer.token({ aud: 'https://other.example' })],
    ['for several audiences', 'claims', (signer) => signer.token({ aud: [signer.registered.audience, 'x'] })],
    ['in the name of the deployment', 'issuer', (signer) => signer.token({ iss: signer.registered.audience })],
    ['in the name of another user', 'issuer', (signer) => signer.token({ sub: '0'.repeat(24) })],
    ['without an end', 'claims', (signer) => signer.token({ exp: undefined })],
    ['for too long', 'time', (signer) => signer.token({ exp: Math.floor(Date.now() / 1000) + 86_400 })],
    ['as if it were a key', 'claims', (signer) => signer.token({ key: '0'.repeat(24) })],
    ['as if it were a session', 'claims', (signer) => signer.token({ sid: randomUUID() })],
    ['with the kid of nobody', 'key', (signer) => signer.token({}, { kid: `pk-${'0'.repeat(24)}` })],
    // Who does not have the private key is not told that the public one is registered.
    [
      'with a key that was not registered',
      'key',
      async (signer) => signer.token({}, { key: (await generateKeyPair('EdDSA')).privateKey }),
    ],
  ])('names the check that fails where it was signed %s', async (_what, check, tokenOf) => {
    const token = await tokenOf(await Signer.registeredBy(owner));

    const inspection = await inspect(token);
    const refused = await me(owner.with(token));

    expect([inspection.active, failedCheckOf(inspection)]).toEqual([false, check]);
    expect(outcomeOf(refused)).toEqual([401, 'TOKEN_INVALID']);
    expect(refused.body.detail).toContain(`"${check}"`);
  });
});
