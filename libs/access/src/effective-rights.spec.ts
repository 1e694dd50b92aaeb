import { KeyportError, type RightsEntry } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import {
  effectiveRights,
  limitsOfRight,
  Refusal,
  requireRight,
  requireWhole,
  rightsAllow,
  type Rights,
} from './effective-rights.ts';
import type { Identity } from './identity.ts';
import type { RightsLookup } from './rights-view.ts';

const userId = '0123456789abcdef01234567';
const identity = (changes: Partial<Identity> = {}): Identity => ({
  ...{ issuer: 'https://keyport.example', subject: userId, tokenId: 't', issuedAt: 0, signedBy: 'keyport-1' },
  ...{ keyId: 'key-1', sessionId: undefined, publicKeyId: undefined, userId, clientId: 'keyport', ancestors: [] },
  ...{ scopes: ['records:*:*', 'keys:read'], details: undefined },
  ...changes,
});

const user = (scopes: string[], disabled = false) => ({ kind: 'user', role: 'member', scopes, disabled }) as const;
const ceiling = (scopes: string[]) => ({ kind: 'key', scopes, limits: {} }) as const;
const clientId = `client-${'c'.repeat(24)}`;
const client = (scopes: string[]) => ({ kind: 'client', scopes }) as const;
const ofClient = (changes: Partial<Identity> = {}) =>
  identity({ subject: clientId, clientId, userId: undefined, keyId: undefined, ...changes });
const publicKey = (scopes: string[], owner = userId): RightsEntry => ({
  ...{ kind: 'public-key', jwk: { kid: 'pk-1', kty: 'EC', alg: 'ES256' }, issuer: 'https://x', userId: owner, scopes },
  ...{ maxLifetimeSeconds: 60, limits: {}, ancestors: [], expiresAt: null },
});

const lookup = (entries: Record<string, RightsEntry>): RightsLookup => ({
  user: (id) => entries[`user.${id}`] as never,
  key: (id) => entries[`key.${id}`] as never,
  publicKey: (kid) => entries[`public-key.${kid}`] as never,
  client: (id) => entries[`client.${id}`] as never,
  issuer: (id) => entries[`issuer.${id}`] as never,
});

const scopesNow = (who: Identity, entries: Record<string, RightsEntry>) => {
  const rights = effectiveRights(who, lookup(entries));
  return rights instanceof Refusal ? rights.check : rights.scopes;
};

describe('effectiveRights', () => {
  it.each<[title: string, who: Identity, entries: Record<string, RightsEntry>, expected: string[] | string]>([
    [
      'an owner leaves what the token says',
      identity(),
      { [`user.${userId}`]: user(['*']) },
      ['records:*:*', 'keys:read'],
    ],
    [
      'a member cuts it',
      identity(),
      { [`user.${userId}`]: user(['records:read:orders', 'users:read']) },
      ['records:read:orders'],
    ],
    [
      'a ceiling cuts it too',
      identity(),
      { [`user.${userId}`]: user(['*']), 'key.key-1': ceiling(['records:read:*']) },
      ['records:read:*'],
    ],
    [
      'all three meet',
      identity(),
      { [`user.${userId}`]: user(['records:*:ord*']), 'key.key-1': ceiling(['records:read:orders-*']) },
      ['records:read:orders-*'],
    ],
    ['an empty ceiling leaves nothing', identity(), { [`user.${userId}`]: user(['*']), 'key.key-1': ceiling([]) }, []],
    [
      'a ceiling of another key is none',
      identity(),
      { [`user.${userId}`]: user(['*']), 'key.key-2': ceiling([]) },
      ['records:*:*', 'keys:read'],
    ],
    [
      'the ceiling of a key that it was minted through cuts it as well',
      identity({ ancestors: ['key-0', 'pk-9'] }),
      {
        [`user.${userId}`]: user(['*']),
        'key.key-0': ceiling(['records:*:ord*']),
        'key.key-1': ceiling(['records:read:*']),
      },
      ['records:read:ord*'],
    ],
    ['a disabled user ends it', identity(), { [`user.${userId}`]: user(['*'], true) }, 'owner'],
    ['an unknown user ends it', identity(), {}, 'owner'],
    ['what belongs to no user has what it says', identity({ userId: undefined }), {}, ['records:*:*', 'keys:read']],
    [
      'the ceiling of a public key cuts what was signed with it',
      identity({ keyId: undefined, publicKeyId: 'pk-1', scopes: ['*'] }),
      { [`user.${userId}`]: user(['*']), 'public-key.pk-1': publicKey(['records:read:orders']) },
      ['records:read:orders'],
    ],
    [
      'a public key that is registered no more ends it',
      identity({ keyId: undefined, publicKeyId: 'pk-1' }),
      { [`user.${userId}`]: user(['*']) },
      'key',
    ],
    [
      'the ceiling of a client cuts what it was given',
      ofClient(),
      { [`client.${clientId}`]: client(['records:read:*']) },
      ['records:read:*'],
    ],
    [
      'the ceiling of a client cuts what it was given for a user',
      ofClient({ subject: userId, userId }),
      { [`user.${userId}`]: user(['*']), [`client.${clientId}`]: client(['keys:read']) },
      ['keys:read'],
    ],
    ['a client that is gone ends it', ofClient(), {}, 'client'],
    [
      'who signs for themselves is no client, whatever they call themselves',
      identity({ clientId, keyId: undefined, publicKeyId: 'pk-1' }),
      { [`user.${userId}`]: user(['*']), 'public-key.pk-1': publicKey(['*']) },
      ['records:*:*', 'keys:read'],
    ],
    [
      'a public key of somebody else ends it',
      identity({ keyId: undefined, publicKeyId: 'pk-1' }),
      { [`user.${userId}`]: user(['*']), 'public-key.pk-1': publicKey(['*'], 'f'.repeat(24)) },
      'key',
    ],
  ])('%s', (_title, who, entries, expected) => {
    expect(scopesNow(who, entries)).toEqual(expected);
  });

  it('says which source gives what', () => {
    const now = lookup({ [`user.${userId}`]: user(['records:read:*']), 'key.key-1': ceiling(['records:*:orders']) });

    expect(effectiveRights(identity(), now)).toEqual({
      scopes: ['records:read:orders'],
      details: undefined,
      sources: {
        token: ['records:*:*', 'keys:read'],
        key: ['records:*:orders'],
        client: null,
        owner: { id: userId, role: 'member', scopes: ['records:read:*'] },
      },
    });
  });
});

describe('a right on a dataset', () => {
  const narrowed: Pick<Rights, 'scopes' | 'details' | 'sources'> = {
    scopes: ['records:read:*', 'keys:read'],
    details: [
      { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], filter: { region: 'eu' } },
      { type: 'keyport_dataset', datasets: ['stock'], actions: ['records:update'] },
    ],
    sources: { token: ['records:read:*', 'keys:read'], key: null, client: null, owner: null },
  };
  const errorsOf = (...asked: Parameters<typeof requireRight>) => {
    try {
      requireRight(...asked);
    } catch (error) {
      return (error as KeyportError).errors?.map(({ path }) => path);
    }
    return 'none';
  };

  it.each([
    ['records:read', 'orders', true],
    ['records:read', 'stock', false],
    ['records:update', 'stock', false],
    ['records:update', 'orders', false],
  ] as const)('%s on %s takes a scope and a detail: %s', (action, dataset, expected) => {
    expect(rightsAllow(narrowed, action, dataset)).toBe(expected);
    expect(limitsOfRight(narrowed, action, dataset) !== 'none').toBe(expected);
  });

  it('needs no detail where it is no right on a dataset', () => {
    expect(rightsAllow(narrowed, 'keys:read')).toBe(true);
  });

  it('is refused with the names of the sources that do not give it', () => {
    const owner = { id: userId, role: 'member', scopes: ['records:read:orders'] } as const;
    const held = { ...narrowed, scopes: ['records:read:orders'], sources: { ...narrowed.sources, key: ['*'], owner } };

    expect(errorsOf(held, 'records:read', 'orders')).toBe('none');
    expect(errorsOf(held, 'records:read', 'stock')).toEqual(['owner', 'authorization_details']);
    expect(errorsOf(held, 'records:update', 'stock')).toEqual(['scope', 'owner']);
    expect(errorsOf(held, 'users:read')).toEqual(['scope', 'owner']);
  });

  it.each<[actions: string[], limit: object, expected: boolean]>([
    [['datasets:delete'], {}, true],
    [['datasets:*'], { filter: { a: 1 } }, false],
    [['datasets:*'], { fields: ['a'] }, false],
    [['datasets:read'], {}, false],
  ])('%j of a detail with %j is one on the whole dataset: %s', (actions, limit, expected) => {
    const detail = { type: 'keyport_dataset' as const, datasets: ['orders'], actions, ...limit };
    const whole = () => requireWhole({ scopes: ['*'], details: [detail] }, 'datasets:delete', 'orders');

    if (expected) expect(whole).not.toThrow();
    else expect(whole).toThrow(expect.objectContaining({ code: 'INSUFFICIENT_SCOPE' }));
  });
});
