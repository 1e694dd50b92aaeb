import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { codeOf, refusalOf } from '@keyport/testing';
import { fetchedKeySet, givenKeySet } from './read-key-set.ts';

const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const names = ({ keys }: { keys: readonly { kid: string; alg: string }[] }) =>
  keys.map(({ kid, alg }) => `${kid} ${alg}`);
const later = { isFirst: false };

describe('A key set that was fetched', () => {
  it('gives keys by name and algorithm, both of RSA where the key does not say', async () => {
    const set = {
      keys: [
        jwkOf(ec.publicKey, { kid: 'a', alg: 'ES256', use: 'sig' }),
        jwkOf(ed.publicKey, { kid: 'b' }),
        jwkOf(rsa.publicKey, { kid: 'c' }),
      ],
    };

    expect(names(await fetchedKeySet(set, later))).toEqual(['a ES256', 'b EdDSA', 'c RS256', 'c PS256']);
  });

  it('gives a key of the algorithm that it names, and of no other', async () => {
    const set = {
      keys: [jwkOf(rsa.publicKey, { kid: 'c', alg: 'RS256' }), jwkOf(ed.publicKey, { kid: 'd', alg: 'Ed25519' })],
    };

    expect(names(await fetchedKeySet(set, later))).toEqual(['c RS256', 'd EdDSA']);
  });

  it('may describe its keys, as many providers do', async () => {
    const x5t = createHash('sha1').update('').digest('base64url');
    const set = {
      keys: [jwkOf(rsa.publicKey, { kid: 'c', x5c: ['AA=='], x5t, 'x5t#S256': 'x', iat: 1, issuer: 'x' })],
    };

    const { keys, problem } = await fetchedKeySet(set, later);

    expect([keys.length, problem]).toEqual([2, null]);
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n']);
  });

  it.each([
    ['to encrypt', jwkOf(rsa.publicKey, { kid: 'x', use: 'enc' })],
    ['of another algorithm', jwkOf(rsa.publicKey, { kid: 'x', alg: 'RSA-OAEP' })],
    ['of another hash', jwkOf(rsa.publicKey, { kid: 'x', alg: 'RS512' })],
    ['on another curve', jwkOf(p384.publicKey, { kid: 'x' })],
    ['without a name', jwkOf(ec.publicKey)],
    ['that is symmetric', { kty: 'oct', kid: 'x', k: 'AAAA' }],
  ])('may hold a key %s, which is passed over', async (_what, other) => {
    const set = { keys: [other, jwkOf(ec.publicKey, { kid: 'a' })] };

    const first = await fetchedKeySet(set, { isFirst: true });

    expect(names(first)).toEqual(['a ES256']);
    expect(first.problem).not.toBeNull();
  });

  it.each([
    ['a weak key', jwkOf(weak.publicKey, { kid: 'x' })],
    ['a private key', jwkOf(ec.privateKey, { kid: 'x' })],
    ['a key that is none', { ...jwkOf(ec.publicKey, { kid: 'x' }), y: ec.publicKey.export({ format: 'jwk' }).x }],
  ])('with %s is refused at the registration, and later goes on without it', async (_what, bad) => {
    const set = { keys: [bad, jwkOf(ec.publicKey, { kid: 'a' })] };

    expect(await codeOf(fetchedKeySet(set, { isFirst: true }))).toBe('PUBLIC_KEY_INVALID');
    expect(names(await fetchedKeySet(set, later))).toEqual(['a ES256']);
  });

  it('that has a name twice gives the first key of that name alone', async () => {
    const set = { keys: [jwkOf(ec.publicKey, { kid: 'a' }), jwkOf(ed.publicKey, { kid: 'a' })] };

    const read = await fetchedKeySet(set, later);

    expect(names(read)).toEqual(['a ES256']);
    expect(read.problem).toContain('twice');
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['without keys', {}],
    ['whose keys are no list', { keys: {} }],
    ['one of whose keys is no object', { keys: [1] }],
    ['one of whose keys is null', { keys: [null] }],
  ])('that is %s is none', async (_what, set) => {
    expect(await codeOf(fetchedKeySet(set, later))).toBe('ISSUER_KEYS_UNAVAILABLE');
  });

  it('of more than a hundred keys is none', async () => {
    const many = (count: number) => ({
      keys: Array.from({ length: count }, (_, index) => jwkOf(ec.publicKey, { kid: `k${index}` })),
    });

    expect((await fetchedKeySet(many(100), later)).keys).toHaveLength(100);
    expect(await codeOf(fetchedKeySet(many(101), later))).toBe('ISSUER_KEYS_UNAVAILABLE');
  });
});

describe('Keys that somebody gives', () => {
  it.each([
    ['weak', jwkOf(weak.publicKey, { kid: 'x' }), 'PUBLIC_KEY_INVALID'],
    ['private', jwkOf(ec.privateKey, { kid: 'x' }), 'PUBLIC_KEY_INVALID'],
    ['symmetric', { kty: 'oct', kid: 'x', k: 'AAAA' }, 'PUBLIC_KEY_INVALID'],
    ['without a name', jwkOf(ec.publicKey), 'PUBLIC_KEY_INVALID'],
    ['on another curve', jwkOf(p384.publicKey, { kid: 'x' }), 'PUBLIC_KEY_INVALID'],
  ])('are refused where one is %s', async (_what, jwk, code) => {
    expect(await codeOf(givenKeySet([jwk]))).toBe(code);
  });

  it('are refused where two have the same name', async () => {
    const refused = await refusalOf(
      givenKeySet([jwkOf(ec.publicKey, { kid: 'a' }), jwkOf(ec.publicKey, { kid: 'a' })]),
    );

    expect(refused?.code).toBe('ISSUER_INVALID');
  });
});
