import { maxAccessLifetimeSeconds } from '@keyport/access';
import type { AuthorizationDetail } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { newKey } from './key.model.ts';
import {
  ancestorsThrough,
  boundedLifetime,
  defaultKeySeconds,
  detailsThrough,
  grantedLifetime,
  raisedScopes,
  requireDetailsHeld,
  requireHeld,
  requireMayRotate,
  requireUnnarrowed,
  standing,
} from './key-rules.ts';

const day = 24 * 3600;

/** The error that it throws, or what it gives. */
function outcomeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const detail = (change: Partial<AuthorizationDetail> = {}): AuthorizationDetail => ({
  type: 'keyport_dataset',
  datasets: ['orders'],
  actions: ['records:read'],
  ...change,
});

describe('grantedLifetime', () => {
  const policy = { maximumSeconds: 366 * day, mayNeverExpire: false };

  it.each([
    ['90 days where nothing is asked for', undefined, policy, defaultKeySeconds],
    ['the limit where that is less than 90 days', undefined, { ...policy, maximumSeconds: day }, day],
    ['what was asked for, up to the limit', 366 * day, policy, 366 * day],
    ['without an end where the policy lets it', 'never' as const, { ...policy, mayNeverExpire: true }, null],
    ['90 days by default also then', undefined, { ...policy, mayNeverExpire: true }, defaultKeySeconds],
  ])('is %s', (_name, asked, by, expected) => {
    expect(grantedLifetime(asked, by)).toBe(expected);
  });

  it('refuses more than the limit', () => {
    expect(outcomeOf(() => grantedLifetime(366 * day + 1, policy))).toMatchObject({
      code: 'KEY_LIFETIME_TOO_LONG',
      params: { maximumSeconds: 366 * day },
    });
  });

  it('refuses a key without an end where the policy wants one', () => {
    expect(outcomeOf(() => grantedLifetime('never', policy))).toMatchObject({ code: 'KEY_EXPIRY_NEEDED' });
  });
});

describe('boundedLifetime', () => {
  const now = Date.parse('2030-01-01T00:00:00.900Z');
  const in1h = new Date('2030-01-01T01:00:00.000Z');

  it.each([
    ['what is given where nothing bounds it', 7 * day, null, 7 * day],
    ['ten years for what has no end', null, null, maxAccessLifetimeSeconds],
    ['no more than is left of what it is minted through', 7 * day, in1h, 3600],
    ['no more than that also for what has no end', null, in1h, 3600],
    ['what is given where more is left', 60, in1h, 60],
  ])('is %s', (_name, given, endsAt, expected) => {
    expect(boundedLifetime(given, endsAt, now)).toBe(expected);
  });

  it('refuses where nothing is left', () => {
    expect(outcomeOf(() => boundedLifetime(60, new Date(now), now))).toMatchObject({ code: 'TOKEN_REVOKED' });
  });
});

describe('ancestorsThrough', () => {
  const session = { keyId: undefined, publicKeyId: undefined, ancestors: [] };

  it('names nobody for a key minted in a session', () => {
    expect(ancestorsThrough(session)).toEqual([]);
  });

  it('puts the minting key before its own ancestors', () => {
    expect(ancestorsThrough({ ...session, keyId: 'k', ancestors: ['a', 'b', 'c'] })).toEqual(['k', 'a', 'b', 'c']);
  });

  it('names the public key of a self-issued token', () => {
    expect(ancestorsThrough({ ...session, publicKeyId: 'pk-1', ancestors: ['a'] })).toEqual(['pk-1', 'a']);
  });

  it('refuses a fifth', () => {
    expect(
      outcomeOf(() => ancestorsThrough({ ...session, keyId: 'k', ancestors: ['a', 'b', 'c', 'd'] })),
    ).toMatchObject({ code: 'KEY_CHAIN_TOO_LONG' });
  });
});

describe('requireHeld', () => {
  it('names the first scope that is not held', () => {
    expect(outcomeOf(() => requireHeld(['keys:read', 'records:read:a', '*'], ['keys:*']))).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:a' },
    });
  });
});

describe('raisedScopes', () => {
  it('are those that the ceiling before does not give', () => {
    expect(raisedScopes(['records:read:orders', 'records:*:a'], ['records:read:*', 'keys:read'])).toEqual([
      'records:*:a',
    ]);
  });

  it('are none where a ceiling is lowered', () => {
    expect(raisedScopes([], ['*'])).toEqual([]);
  });
});

describe('details of a key', () => {
  const eu = detail({ filter: { region: 'eu' } });

  it('are those of the maker where none are asked for', () => {
    expect(detailsThrough([eu], undefined)).toEqual([eu]);
  });

  it('are cut by those of the maker', () => {
    const asked = detail({ datasets: ['*'], fields: ['total'] });

    expect(detailsThrough([eu], [asked])).toEqual([{ ...eu, fields: ['total'] }]);
  });

  it('are refused where nothing of both is left', () => {
    expect(outcomeOf(() => detailsThrough([eu], [detail({ datasets: ['invoices'] })]))).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read' },
    });
  });
});

describe('requireDetailsHeld', () => {
  const eu = detail({ filter: { region: 'eu' } });
  const totals = detail({ datasets: ['ord*', 'invoices'], actions: ['records:*'], fields: ['total'] });

  it.each([
    ['anything to one who has none', undefined, [eu]],
    ['what has none to one who has none', undefined, undefined],
    ['the same several', [eu, totals], [eu, totals]],
    ['the same several in another order', [totals, eu], [eu, totals]],
    ['fewer rows', [eu], [detail({ filter: { $and: [{ region: 'eu' }, { open: true }] } }), eu]],
    ['fewer fields, on fewer datasets', [totals], [detail({ datasets: ['orders'], fields: ['total'] })]],
  ])('allows %s', (_name, held, details) => {
    expect(outcomeOf(() => requireDetailsHeld(details, held))).toBeUndefined();
  });

  it.each([
    ['what has none to one who has some', [eu], undefined, '*'],
    ['other rows', [eu], [detail({ filter: { region: 'us' } })], 'records:read:orders'],
    ['all rows', [eu], [detail()], 'records:read:orders'],
    ['another dataset', [eu], [{ ...eu, datasets: ['orders', 'invoices'] }], 'records:read:invoices'],
    ['another action', [eu], [{ ...eu, actions: ['records:delete'] }], 'records:delete:orders'],
    ['more fields', [totals], [detail({ fields: ['total', 'email'] })], 'records:read:orders'],
  ])('refuses %s', (_name, held, details, scope) => {
    expect(outcomeOf(() => requireDetailsHeld(details, held))).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope },
    });
  });
});

describe('requireUnnarrowed', () => {
  it.each([['records:read:orders'], ['*'], ['events:*:*']])('refuses %s where details narrow it', (scope) => {
    expect(outcomeOf(() => requireUnnarrowed(['keys:read', scope], [detail()]))).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope },
    });
  });

  it('lets pass what details do not touch, and everything where there are none', () => {
    expect(outcomeOf(() => requireUnnarrowed(['keys:read', 'audit:read'], [detail()]))).toBeUndefined();
    expect(outcomeOf(() => requireUnnarrowed(['*'], undefined))).toBeUndefined();
  });
});

describe('requireMayRotate', () => {
  const key = { _id: 'k', ancestors: ['parent', 'pk-1'] };
  const through = (keyId?: string, publicKeyId?: string) => ({ keyId, publicKeyId });

  it.each([
    ['a session', through()],
    ['the key itself', through('k')],
    ['the key that it was minted through', through('parent')],
    ['the public key that it was minted through', through(undefined, 'pk-1')],
  ])('allows %s', (_name, caller) => {
    expect(outcomeOf(() => requireMayRotate(key, caller))).toBeUndefined();
  });

  it.each([
    ['another key', through('sibling')],
    ['another public key', through(undefined, 'pk-2')],
  ])('refuses %s, which could live on in the new token', (_name, caller) => {
    expect(outcomeOf(() => requireMayRotate(key, caller))).toMatchObject({ code: 'SESSION_NEEDED' });
  });
});

describe('standing', () => {
  const made = {
    _id: 'k',
    userId: 'u',
    name: 'k',
    scopes: [],
    tokenId: 't',
    signedBy: 's',
    ancestors: [],
    createdAt: new Date(0),
  };

  it.each([
    ['revoked', { ...newKey({ ...made, expiresAt: new Date(Date.now() + 60_000) }), revokedAt: new Date() }],
    ['expired', newKey({ ...made, expiresAt: new Date(Date.now() - 1) })],
  ])('refuses a key that is %s', (_name, key) => {
    expect(outcomeOf(() => standing(key))).toMatchObject({ code: 'KEY_ENDED', params: { keyId: 'k' } });
  });
});
