import { meSchema } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import type { Principal } from '../access/principal.ts';
import { meOf } from './me.ts';

const userId = '0123456789abcdef01234567';
const clientId = `client-${userId}`;
const principal = (changes: Partial<Principal> = {}): Principal => ({
  ...{ issuer: 'https://keyport.example', subject: userId, tokenId: 'token-1', issuedAt: 1_700_000_000, userId },
  ...{ signedBy: 'keyport-1', keyId: 'key-1', sessionId: undefined, publicKeyId: undefined, clientId: 'keyport' },
  ...{ ancestors: [], details: undefined, exp: 1_700_000_600, boundTo: undefined },
  scopes: ['records:read:orders', 'keys:read'],
  sources: {
    token: ['records:*:orders', 'keys:read'],
    key: ['records:read:*', 'keys:*'],
    client: null,
    owner: { id: userId, role: 'owner', scopes: ['*'] },
  },
  ...changes,
});

describe('meOf', () => {
  it('tells of each right what gives it', () => {
    const me = meOf(principal());

    expect(me.rights).toEqual([
      {
        scope: 'records:read:orders',
        from: { token: 'records:*:orders', key: 'records:read:*', client: null, owner: '*' },
      },
      { scope: 'keys:read', from: { token: 'keys:read', key: 'keys:*', client: null, owner: '*' } },
    ]);
  });

  it('keeps to its contract', () => {
    const me = meOf(principal());

    expect(meSchema.parse(me)).toEqual(me);
    expect(me).toMatchObject({
      subject: userId,
      kind: 'key',
      key: 'key-1',
      authorizationDetails: null,
      issuedAt: '2023-11-14T22:13:20.000Z',
      expiresAt: '2023-11-14T22:23:20.000Z',
    });
  });

  it.each([
    ['a session', { keyId: undefined }, 'session'],
    ['a key', {}, 'key'],
    ['a client', { keyId: undefined, subject: clientId, clientId }, 'client'],
    ['a sign-in for a client', { keyId: undefined, clientId }, 'session'],
    ['what somebody signed for themselves', { keyId: undefined, publicKeyId: 'pk-1' }, 'self-issued'],
  ])('knows %s', (_name, changes, kind) => {
    expect(meOf(principal(changes)).kind).toBe(kind);
  });

  it('names no ceiling and no owner where there are none', () => {
    const sources = { token: ['records:read:orders'], key: null, client: null, owner: null };

    const me = meOf(principal({ sources, scopes: ['records:read:orders'] }));

    expect(me.sources).toEqual(sources);
    expect(me.rights[0]?.from).toEqual({ token: 'records:read:orders', key: null, client: null, owner: null });
  });

  it('shows the rows and fields that dataset rights are narrowed to', () => {
    const details = [
      { type: 'keyport_dataset' as const, datasets: ['orders'], actions: ['records:read'], fields: ['total'] },
    ];

    expect(meOf(principal({ details })).authorizationDetails).toEqual(details);
  });
});
