import { describe, expect, it } from '@jest/globals';
import type { Identity } from './identity.ts';
import { revocationKey, revocationKeysOf, type RevocationTarget } from './revocation-keys.ts';

const userId = '0123456789abcdef01234567';
const key: Identity = {
  issuer: 'https://keyport.example',
  subject: userId,
  tokenId: 'token-1',
  issuedAt: 1_000,
  signedBy: 'keyport-1',
  keyId: 'key-1',
  sessionId: undefined,
  publicKeyId: undefined,
  userId,
  clientId: 'keyport',
  ancestors: ['token-0', 'pk-1'],
  scopes: ['*'],
  details: undefined,
};
const selfIssued: Identity = {
  ...key,
  issuer: 'https://keyport.example/public-keys/1',
  keyId: undefined,
  signedBy: 'pk-1',
  publicKeyId: 'pk-1',
  ancestors: [],
};

const ends = (target: RevocationTarget, identity: Identity) =>
  revocationKeysOf(identity).includes(revocationKey(target));

describe('A revocation', () => {
  it.each<[string, RevocationTarget, Identity]>([
    ['of a token ends it', { level: 'jti', jti: 'token-1' }, key],
    ['of a token ends what was minted through it', { level: 'jti', jti: 'token-0' }, key],
    ['of a public key ends keys minted through one of its tokens', { level: 'jti', jti: 'pk-1' }, key],
    ['of a key ends its tokens', { level: 'key', keyId: 'key-1' }, key],
    ['of a principal ends their tokens', { level: 'sub', subject: userId }, key],
    ['of a user ends what they sign for themselves', { level: 'sub', subject: userId }, selfIssued],
    ['of a client ends its tokens', { level: 'client', clientId: 'keyport' }, key],
    ['of a signing key ends what it signed', { level: 'kid', kid: 'keyport-1' }, key],
    ['of a public key ends what it signed', { level: 'kid', kid: 'pk-1' }, selfIssued],
    ['of this deployment as issuer ends its tokens', { level: 'iss', issuer: undefined }, key],
    ['of an issuer ends its tokens', { level: 'iss', issuer: selfIssued.issuer }, selfIssued],
    [
      'of a token of another issuer names both',
      { level: 'jti', issuer: selfIssued.issuer, jti: 'token-1' },
      selfIssued,
    ],
    ['of a session ends its tokens', { level: 'sid', sessionId: 's-1' }, { ...key, sessionId: 's-1' }],
  ])('%s', (_title, target, identity) => {
    expect(ends(target, identity)).toBe(true);
  });

  it.each<[string, RevocationTarget, Identity]>([
    [
      'of a token of this deployment ends no token of the same jti of another',
      { level: 'jti', jti: 'token-1' },
      selfIssued,
    ],
    ['of this deployment ends no self-issued token', { level: 'iss', issuer: undefined }, selfIssued],
    ['of another key', { level: 'key', keyId: 'key-2' }, key],
    ['of a session named as a key', { level: 'sid', sessionId: 'key-1' }, key],
    ['of another client', { level: 'client', clientId: 'keyport2' }, key],
  ])('%s', (_title, target, identity) => {
    expect(ends(target, identity)).toBe(false);
  });

  it.each<RevocationTarget>([
    { level: 'key', keyId: 'a b.*>' },
    { level: 'sub', issuer: 'https://x', subject: '$KV.>' },
    { level: 'client', clientId: '\u0000' },
    { level: 'kid', kid: 'x'.repeat(500) },
    { level: 'iss', issuer: 'https://x/ä' },
    { level: 'jti', issuer: 'https://x', jti: '*' },
  ])('of %j has a key that a bucket takes', (target) => {
    expect(revocationKey(target)).toMatch(/^[a-z]+\.[\w-]{22}(\.x)?$/);
  });
});
