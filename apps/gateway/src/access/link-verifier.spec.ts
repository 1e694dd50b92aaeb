import { fileAudience, Judge, maxLinkLifetimeSeconds, tokenTypes, type JudgeViews } from '@keyport/access';
import type { KeyportError, UserRights } from '@keyport/contracts';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { LinkVerifier } from './link-verifier.ts';

const userId = '0123456789abcdef01234567';
const file = '0123456789abcdef';
const otherFile = 'fedcba9876543210';
const now = () => Math.floor(Date.now() / 1000);

let ours: { publicKey: CryptoKey; privateKey: CryptoKey };
let theirs: { publicKey: CryptoKey; privateKey: CryptoKey };

/** What the views say; tests change it. */
const world = {
  user: undefined as UserRights | undefined,
  revoked: false,
  known: true,
  ready: true,
  version: 0,
  /** How often a key was asked for to verify with. */
  lookups: 0,
};

const contact = {
  get isReady() {
    return world.ready;
  },
  contactAt: Date.now(),
};
const isOurs = (kid: string) => world.known && kid === 'keyport-1';
const views = {
  signingKeys: Object.assign(Object.create(contact) as object, {
    has: isOurs,
    find: async (kid: string) => {
      world.lookups += 1;
      return isOurs(kid) ? ours.publicKey : undefined;
    },
  }),
  revocations: Object.assign(Object.create(contact) as object, { find: () => (world.revoked ? 0 : -1) }),
  rights: Object.defineProperty(
    Object.assign(Object.create(contact) as object, {
      user: () => world.user,
      key: () => undefined,
      publicKey: () => undefined,
      awaitEntry: async () => undefined,
    }),
    'version',
    { get: () => world.version },
  ),
} as unknown as JudgeViews;

const build = () => new LinkVerifier(views.signingKeys, new Judge(views, 0));

const link = (claims: object = {}, header: object = {}, key = ours.privateKey) =>
  new SignJWT({
    ...{ iss: 'https://keyport.example', sub: userId, aud: fileAudience(file), jti: 'link-1', src: 'token-1' },
    ...{ scope: 'exports:read:orders', usr: userId, iat: now() - 60, exp: now() + 840 },
    ...claims,
  })
    .setProtectedHeader({ kid: 'keyport-1', typ: tokenTypes.link, alg: 'ES256', ...header })
    .sign(key);

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    ({ code, params }: KeyportError) => (params.check === undefined ? code : `${code} ${params.check}`),
  );

beforeAll(async () => {
  ours = await generateKeyPair('ES256');
  theirs = await generateKeyPair('ES256');
});

beforeEach(() => {
  const user: UserRights = { kind: 'user', role: 'member', scopes: ['exports:read:*'], disabled: false };
  Object.assign(world, { user, revoked: false, known: true, ready: true, version: 0, lookups: 0 });
});

afterEach(() => void jest.restoreAllMocks());

describe('LinkVerifier', () => {
  it('gives who made the link, as the token that it was made with says', async () => {
    const principal = await build().verify(await link(), file);

    expect(principal).toMatchObject({ userId, tokenId: 'token-1', scopes: ['exports:read:orders'] });
  });

  it.each<[string, string, () => Promise<string>]>([
    ['form', 'is no token', async () => 'hello'],
    ['type', 'is an access token', () => link({}, { typ: tokenTypes.access })],
    ['type', 'is a job grant', () => link({}, { typ: tokenTypes.grant })],
    ['key', 'was signed by nobody known', () => link({}, { kid: 'keyport-2' })],
    ['claims', 'does not say which token it was made with', () => link({ src: undefined })],
    ['claims', 'is for several files', () => link({ aud: [fileAudience(file), fileAudience(otherFile)] })],
    ['audience', 'is for the API', () => link({ aud: 'https://keyport.example' })],
    ['time', 'has expired', () => link({ iat: now() - 100, exp: now() - 50 })],
    ['time', 'lasts for more than a day', () => link({ iat: now(), exp: now() + maxLinkLifetimeSeconds + 1 })],
    ['signature', 'was signed with another key', () => link({}, {}, theirs.privateKey)],
  ])('names the check %s of a link that %s, and remembers nothing of it', async (check, _what, make) => {
    const verifier = build();
    const text = await make();

    expect(await codeOf(verifier.verify(text, file))).toBe(`TOKEN_INVALID ${check}`);
    expect(verifier.isKnown(text, file)).toBe(false);
  });

  it('checks the signature once, however many ranges are asked for at the same time', async () => {
    const verifier = build();
    const text = await link();

    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(text, file)));
    await verifier.verify(text, file);

    expect(world.lookups).toBe(1);
    expect(verifier.isKnown(text, file)).toBe(true);
  });

  it('takes no link for another file, also where it knows it, and is asked for both at the same time', async () => {
    const verifier = build();
    const text = await link();

    const together = await Promise.all([file, otherFile].map((id) => codeOf(verifier.verify(text, id))));
    const later = await codeOf(verifier.verify(text, otherFile));

    expect([...together, later]).toEqual(['accepted', 'TOKEN_INVALID audience', 'TOKEN_INVALID audience']);
    expect([verifier.isKnown(text, file), verifier.isKnown(text, otherFile)]).toEqual([true, false]);
  });

  it('refuses what it remembers once the token that made it is revoked, its user or its signing key gone', async () => {
    const verifier = build();
    const text = await link();
    await verifier.verify(text, file);

    world.revoked = true;
    const revoked = await codeOf(verifier.verify(text, file));
    Object.assign(world, { revoked: false, user: undefined, version: 1 });
    const orphaned = await codeOf(verifier.verify(text, file));
    world.known = false;
    const unsigned = await codeOf(verifier.verify(text, file));

    expect([revoked, orphaned, unsigned]).toEqual([
      'TOKEN_REVOKED revocation',
      'TOKEN_REVOKED owner',
      'TOKEN_INVALID key',
    ]);
  });

  it('cuts a link to what its maker may do at the moment', async () => {
    const verifier = build();
    const text = await link();
    const before = await verifier.verify(text, file);

    world.user = { kind: 'user', role: 'member', scopes: ['keys:*'], disabled: false };
    world.version += 1;
    const after = await verifier.verify(text, file);

    expect([before.scopes, after.scopes]).toEqual([['exports:read:orders'], []]);
  });

  it('forgets a link when its time is over', async () => {
    const verifier = build();
    const text = await link();
    await verifier.verify(text, file);

    jest.spyOn(Date, 'now').mockReturnValue((now() + 7_200) * 1000);

    expect(await codeOf(verifier.verify(text, file))).toBe('TOKEN_INVALID time');
    expect(verifier.isKnown(text, file)).toBe(false);
  });

  it('lets nobody in while it is not known what is revoked, not even with a link that it knows', async () => {
    const verifier = build();
    const text = await link();
    await verifier.verify(text, file);

    world.ready = false;

    expect(await codeOf(verifier.verify(text, file))).toBe('SERVICE_UNAVAILABLE');
  });
});
