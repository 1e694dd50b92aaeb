import { describe, expect, it } from '@jest/globals';
import { accessClaims, contextClaims, grantClaims } from './claims.ts';
import { authorityClaims, identityOf, identityOfAuthority, type Identity } from './identity.ts';
import { scopesOf } from './rights.ts';

const userId = '0123456789abcdef01234567';
const claims = accessClaims.parse({
  iss: 'https://keyport.example',
  sub: userId,
  aud: 'https://keyport.example',
  client_id: 'keyport',
  iat: 1_000,
  exp: 2_000,
  jti: 'token-1',
  scope: 'records:read:orders keys:read',
  key: 'key-1',
  sid: 'session-1',
  anc: ['token-0', 'pk-1'],
  authorization_details: [{ type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], fields: ['a'] }],
});

/** What a gateway or auth says on the bus in the name of a token. */
const onTheBus = (identity: Identity, more: Record<string, unknown> = {}) => ({
  ...authorityClaims(identity),
  aud: 'keyport-bus',
  iat: 5_000,
  exp: 5_060,
  jti: identity.tokenId,
  scope: identity.scopes.join(' '),
  ...(identity.details && { authorization_details: identity.details }),
  ...more,
});

describe('An identity', () => {
  it('is what the claims of a token say', () => {
    expect(identityOf(claims, 'keyport-1')).toEqual({
      issuer: 'https://keyport.example',
      subject: userId,
      tokenId: 'token-1',
      issuedAt: 1_000,
      signedBy: 'keyport-1',
      keyId: 'key-1',
      sessionId: 'session-1',
      publicKeyId: undefined,
      userId,
      clientId: 'keyport',
      ancestors: ['token-0', 'pk-1'],
      scopes: ['records:read:orders', 'keys:read'],
      details: claims.authorization_details,
    });
  });

  it.each([
    [userId, userId],
    ['service:import', undefined],
    ['user-1', undefined],
    [userId.toUpperCase(), undefined],
    [`${userId}0`, undefined],
  ])('of the subject %s belongs to the user %s', (sub, expected) => {
    expect(identityOf({ ...claims, sub }, 'keyport-1').userId).toBe(expected);
  });

  it('of a self-issued token belongs to the user who registered the key, and ends with what that was made through', () => {
    const identity = identityOf({ ...claims, key: undefined, sid: undefined, anc: [] }, 'pk-1', {
      userId,
      ancestors: ['token-9'],
    });

    expect(identity).toMatchObject({
      ancestors: ['token-9'],
      publicKeyId: 'pk-1',
      signedBy: 'pk-1',
      userId,
      keyId: undefined,
    });
  });

  it.each([
    ['of a key', identityOf(claims, 'keyport-1')],
    ['of a session', identityOf({ ...claims, key: undefined, anc: [], authorization_details: undefined }, 'keyport-1')],
    [
      'of a self-issued token',
      identityOf({ ...claims, key: undefined, sid: undefined }, 'pk-1', { userId, ancestors: [] }),
    ],
    ['of a service', identityOf({ ...claims, sub: 'service:import', client_id: undefined }, 'keyport-1')],
  ])('%s is the same behind a caller context and a job grant', (_name, identity) => {
    const context = contextClaims.parse(onTheBus(identity));
    const grant = grantClaims.parse(onTheBus(identity, { jti: '00000000000000aa', src: identity.tokenId }));

    expect(identityOfAuthority(context, 'gateway-1')).toEqual({ ...identity, jobId: undefined });
    expect(identityOfAuthority(grant, 'keyport-2')).toEqual({ ...identity, jobId: '00000000000000aa' });
  });

  it('of a grant that stands for no token is judged by the grant itself', () => {
    const grant = grantClaims.parse({
      ...{ iss: 'https://keyport.example', sub: 'service:import', aud: 'keyport-bus', iat: 5_000, exp: 6_000 },
      ...{ jti: 'ingest-1', src: 'ingest-1', scope: 'records:create:orders' },
    });

    expect(identityOfAuthority(grant, 'keyport-2')).toMatchObject({ issuedAt: 5_000, signedBy: 'keyport-2' });
  });

  it('has no scopes where the claim is empty', () => {
    expect(scopesOf('')).toEqual([]);
  });
});
