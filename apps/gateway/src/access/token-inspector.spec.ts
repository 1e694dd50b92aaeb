import { AccessTokenReader, Judge, tokenChecks, type JudgeViews } from '@keyport/access';
import type { KeyportError, RightsEntry, UserRights } from '@keyport/contracts';
import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import type { ExternalKeys } from './external-keys.ts';
import { TokenInspector } from './token-inspector.ts';
import { TokenVerifier } from './token-verifier.ts';

const url = 'https://keyport.example';
const userId = '0123456789abcdef01234567';
const now = () => Math.floor(Date.now() / 1000);

let ours: { publicKey: CryptoKey; privateKey: CryptoKey };
let theirs: { publicKey: CryptoKey; privateKey: CryptoKey };

/** What the views say; tests change it. */
const world = {
  user: undefined as UserRights | undefined,
  ceiling: undefined as string[] | undefined,
  revoked: false,
  lookups: 0,
  version: 0,
  known: true,
};

const publicKey = { issuer: `${url}/public-keys/1`, userId, scopes: ['records:*:*'], maxLifetimeSeconds: 600 };
const views = {
  signingKeys: {
    ...{ isReady: true, contactAt: Date.now(), issuers: () => [], issuersOf: () => [] },
    has: (kid: string) => world.known && kid === 'keyport-1',
    find: async (kid: string) => {
      world.lookups += 1;
      return world.known && kid === 'keyport-1' ? ours.publicKey : undefined;
    },
  },
  revocations: { isReady: true, contactAt: Date.now(), find: () => (world.revoked ? 0 : -1) },
  rights: {
    ...{ isReady: true, contactAt: Date.now(), user: () => world.user, awaitEntry: async () => undefined },
    get version() {
      return world.version;
    },
    key: () => world.ceiling && ({ kind: 'key', scopes: world.ceiling, limits: {} } as RightsEntry),
    publicKey: (kid: string) =>
      kid === 'pk-1'
        ? { kind: 'public-key', jwk: {}, limits: {}, ancestors: [], expiresAt: null, ...publicKey }
        : undefined,
    verifyingKey: async (kid: string) => (kid === 'pk-1' ? theirs.publicKey : undefined),
  },
} as unknown as JudgeViews;

function build() {
  const judge = new Judge(views, 0);
  const { signingKeys, rights } = views;
  const reader = new AccessTokenReader({ signingKeys, rights }, url);
  const noOthers = { prepare: async () => undefined } as unknown as ExternalKeys;
  const verifier = new TokenVerifier(signingKeys, reader, noOthers, judge);
  return { verifier, inspector: new TokenInspector(verifier, judge) };
}

const token = (claims: object = {}, header: object = {}, key = ours.privateKey) =>
  new SignJWT({
    ...{ iss: url, sub: userId, aud: url, client_id: 'keyport', jti: 'token-1', scope: 'records:*:orders keys:read' },
    ...{ iat: now() - 60, exp: now() + 60, key: 'key-1' },
    ...claims,
  })
    .setProtectedHeader({ kid: 'keyport-1', typ: 'at+jwt', alg: 'ES256', ...header })
    .sign(key);

const selfIssued = (claims: object = {}, key = theirs.privateKey) =>
  token({ iss: publicKey.issuer, key: undefined, client_id: undefined, ...claims }, { kid: 'pk-1' }, key);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    ({ code, params }: KeyportError) => `${code} ${params.check}`,
  );

beforeAll(async () => {
  ours = await generateKeyPair('ES256');
  theirs = await generateKeyPair('ES256');
});

beforeEach(() => {
  const user: UserRights = { kind: 'user', role: 'member', scopes: ['records:read:*'], disabled: false };
  Object.assign(world, { user, ceiling: undefined, revoked: false, lookups: 0, version: 0, known: true });
});

describe('TokenInspector', () => {
  const inspect = async (text: string) => {
    const { checks, ...rest } = await build().inspector.inspect(text);
    return { ...rest, ok: Object.fromEntries(checks.map(({ name, ok }) => [name, ok])), checks };
  };

  it('shows what a good token says, and that it passes every check', async () => {
    const { header, claims, active, checks } = await inspect(await token());

    expect(header).toEqual({ kid: 'keyport-1', typ: 'at+jwt', alg: 'ES256' });
    expect(claims).toMatchObject({ sub: userId, scope: 'records:*:orders keys:read' });
    expect(active).toBe(true);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual(
      [...tokenChecks, 'revocation', 'ceiling', 'client', 'owner'].map((name) => [name, true]),
    );
    expect(checks.at(-1)?.detail).toContain('records:read:orders');
  });

  it.each<[string, string, () => Promise<string>]>([
    ['size', 'is too large', async () => 'x'.repeat(9_000)],
    ['form', 'is no token', async () => 'hello'],
    ['type', 'is of another kind', () => token({}, { typ: 'JWT' })],
    ['key', 'was signed by nobody known', () => token({}, { kid: 'keyport-2' })],
    ['claims', 'lacks a claim', () => token({ jti: undefined })],
    ['issuer', 'has another issuer', () => token({ iss: 'https://other.example' })],
    ['audience', 'is for somebody else', () => token({ aud: 'https://other.example' })],
    ['time', 'has expired', () => token({ iat: now() - 100, exp: now() - 50 })],
    ['signature', 'was signed with another key', () => token({}, {}, theirs.privateKey)],
  ])('names the check %s where a token %s, and asks nothing beyond', async (check, _what, make) => {
    const { ok, active, checks } = await inspect(await make());

    const at = tokenChecks.indexOf(check as (typeof tokenChecks)[number]);
    expect(checks.map((one) => one.ok)).toEqual(
      tokenChecks.map((_name, index) => (index < at ? true : index === at ? false : null)),
    );
    expect(active).toBe(false);
    expect(ok).not.toHaveProperty('revocation');
  });

  it('names revocation, ceiling and owner of what was truly issued', async () => {
    world.ceiling = ['keys:read'];
    const capped = await inspect(await token());
    world.user = undefined;
    const orphaned = await inspect(await token());
    world.revoked = true;
    const revoked = await inspect(await token());

    expect(capped).toMatchObject({ active: true, ok: { revocation: true, ceiling: true, owner: true } });
    expect(capped.checks.find(({ name }) => name === 'ceiling')?.detail).toBe('leaves keys:read');
    expect(orphaned).toMatchObject({
      active: false,
      ok: { revocation: true, ceiling: true, client: true, owner: false },
    });
    expect(revoked).toMatchObject({
      active: false,
      ok: { revocation: false, ceiling: null, client: null, owner: null },
    });
  });

  it('says of a forged token under the kid of a registered public key what it says under one of nobody', async () => {
    const known = await inspect(await selfIssued({}, ours.privateKey));
    const unknown = await inspect(await token({ key: undefined }, { kid: 'pk-2' }, ours.privateKey));

    expect(known.checks).toEqual(unknown.checks);
    expect(await inspect(await selfIssued())).toMatchObject({ active: true });
  });

  it.each(['.', '..', 'e30.e30.e30', '{"protected":"e30"}', 'ä.ä.ä', `${'['.repeat(4_000)}.x.y`])(
    'shows nothing of %j that cannot be read, and fails at nothing',
    async (text) => {
      expect((await inspect(text)).active).toBe(false);
    },
  );
});

describe('TokenVerifier', () => {
  it('gives the same principal for as long as its rights are the same, and one with other rights at once', async () => {
    const { verifier } = build();
    const text = await token();
    const first = await verifier.verify(text);
    world.version += 1;
    const same = await verifier.verify(text);

    world.user = { kind: 'user', role: 'member', scopes: ['keys:*'], disabled: false };
    world.version += 1;
    const changed = await verifier.verify(text);

    expect(same).toBe(first);
    expect([first.scopes, changed.scopes]).toEqual([['records:read:orders'], ['keys:read']]);
  });

  it('checks the signature of a token once, though many show it at the same time', async () => {
    const { verifier } = build();
    const text = await token();

    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(text)));
    await verifier.verify(text);

    expect(world.lookups).toBe(1);
    expect(verifier.isKnown(text)).toBe(true);
  });

  it('remembers no token that it refused', async () => {
    const { verifier } = build();
    const text = await token({}, {}, theirs.privateKey);

    expect(await codeOf(verifier.verify(text))).toBe('TOKEN_INVALID signature');
    expect(await codeOf(verifier.verify(text))).toBe('TOKEN_INVALID signature');
    expect(verifier.isKnown(text)).toBe(false);
    expect(world.lookups).toBe(2);
  });

  it.each([
    ['connections', () => ({})],
    ['one connection', () => views],
  ])(
    'refuses what it remembers over %s once it is revoked, its user is gone or its signing key is',
    async (_, over) => {
      const { verifier } = build();
      const text = await token();
      await verifier.verify(text, over());

      world.revoked = true;
      const revoked = await codeOf(verifier.verify(text, over()));
      Object.assign(world, { revoked: false, user: undefined, version: 1 });
      const orphaned = await codeOf(verifier.verify(text, over()));
      world.known = false;
      const unsigned = await codeOf(verifier.verify(text, over()));

      expect([revoked, orphaned, unsigned]).toEqual([
        'TOKEN_REVOKED revocation',
        'TOKEN_REVOKED owner',
        'TOKEN_INVALID key',
      ]);
    },
  );

  it('takes each token of a connection for what it is, until it expires', async () => {
    const { verifier } = build();
    const connection = {};
    const texts = [await token(), await token({ scope: 'records:read:paid' }), await token({}, {}, theirs.privateKey)];
    const [first, other, forged] = texts as [string, string, string];

    const scopes = [];
    for (const text of [first, other, first]) scopes.push((await verifier.verify(text, connection)).scopes);
    expect(await codeOf(verifier.verify(forged, connection))).toBe('TOKEN_INVALID signature');
    jest.spyOn(Date, 'now').mockReturnValue((now() + 7_200) * 1000);
    const expired = await codeOf(verifier.verify(first, connection)).finally(() => jest.restoreAllMocks());

    expect(scopes).toEqual([['records:read:orders'], ['records:read:paid'], ['records:read:orders']]);
    expect(expired).toBe('TOKEN_INVALID time');
  });

  it('takes what a user signs with a registered key, within its ceiling', async () => {
    const principal = await build().verifier.verify(await selfIssued({ scope: 'records:read:orders keys:read' }));

    expect(principal).toMatchObject({ publicKeyId: 'pk-1', userId, scopes: ['records:read:orders'] });
  });

  it('takes no claims from a self-issued token that only auth may make', async () => {
    const { verifier } = build();

    expect(await codeOf(verifier.verify(await selfIssued({ key: 'key-1' })))).toBe('TOKEN_INVALID claims');
    expect(await codeOf(verifier.verify(await selfIssued({ anc: ['a'] })))).toBe('TOKEN_INVALID claims');
  });
});
