import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { bytes32 } from '@keyport/testing';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Workshop } from '../workshop.ts';

type Jwk = JsonWebKey & Record<string, unknown>;

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const jwkOf = (pair: { publicKey: { export(options: { format: 'jwk' }): JsonWebKey } }): Jwk =>
  pair.publicKey.export({ format: 'jwk' });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  jwkOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }));
const ec = (namedCurve: string) => jwkOf(generateKeyPairSync('ec', { namedCurve }));
const edwards = (hex: string): Jwk => ({ kty: 'OKP', crv: 'Ed25519', x: base64url(Buffer.from(hex, 'hex')) });

/** A good modulus, changed as a number. */
function modulus(change: (n: bigint) => bigint, bits = 2048): string {
  const n = BigInt(`0x${Buffer.from(String(rsa(bits).n), 'base64url').toString('hex')}`);
  const hex = change(n).toString(16);
  return base64url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'));
}

const register = (workshop: Workshop, jwk: unknown, token = workshop.owner.token) =>
  workshop.ask(token, '/v1/public-keys', { name: 'weak', jwk, scopes: ['records:read:orders'] });

const refused = (source: string, jwks: Readonly<Record<string, () => unknown>>) =>
  answeredBy(
    '422 PUBLIC_KEY_INVALID',
    source,
    Object.fromEntries(
      Object.entries(jwks).map(([name, make]) => [name, (workshop: Workshop) => register(workshop, make())]),
    ),
  );

const weakRsa: HttpAttack[] = [
  ...refused('RFC 7518 §3.3; NIST SP 800-131A', {
    'an RSA key of 512 bits': () => rsa(512),
    'an RSA key of 1,024 bits': () => rsa(1024),
    'an RSA key of 2,040 bits': () => rsa(2040),
  }),
  ...refused('RFC 8017 §3.1; CVE-2006-4339; FIPS 186-5 §5.4', {
    'an RSA key with the exponent 1': () => ({ ...rsa(2048), e: 'AQ' }),
    'an RSA key with the exponent 3': () => rsa(2048, 3),
    'an RSA key with an even exponent': () => ({ ...rsa(2048), e: 'AQAC' }),
    'an RSA key with an exponent of 256 bytes': () => ({ ...rsa(2048), e: modulus((n) => n) }),
  }),
  ...refused('Heninger et al., "Mining your Ps and Qs" (2012); CVE-2022-26320', {
    'an RSA key with an even modulus': () => ({ ...rsa(2048), n: modulus((n) => n - 1n) }),
    'an RSA key with a modulus that 3 divides': () => ({ ...rsa(2048), n: modulus((n) => n - (n % 3n) || n) }),
    'an RSA key whose modulus is a square': () => ({ ...rsa(2048), n: modulus((n) => n * n, 1024) }),
  }),
  ...refused('CWE-400; CVE-2006-2940', {
    'an RSA key of 16,384 bits': () => ({ ...rsa(2048), n: modulus((n) => (n << 14_336n) + 1n) }),
  }),
  ...refused('RFC 7518 §6.3.1', {
    'an RSA modulus with a zero in front': () => {
      const key = rsa(2048);
      return { ...key, n: base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(String(key.n), 'base64url')])) };
    },
    'an RSA key without a modulus': () => ({ kty: 'RSA', e: 'AQAB' }),
  }),
];

const wrongCurves: HttpAttack[] = [
  ...refused('RFC 8725 §3.2; RFC 7518 §6.2; RFC 8037', {
    'a key on P-384': () => ec('P-384'),
    'a key on P-521': () => ec('P-521'),
    'a key on secp256k1': () => ec('secp256k1'),
    'a key on Ed448': () => jwkOf(generateKeyPairSync('ed448')),
    'a key for agreement (X25519)': () => jwkOf(generateKeyPairSync('x25519')),
  }),
  ...refused('RFC 8725 §3.4; CVE-2015-7940', {
    'a P-256 point that is not on the curve': () => ({ ...ec('P-256'), y: base64url(bytes32(12_345n)) }),
    'the P-256 point (0, 0)': () => ({ ...ec('P-256'), x: base64url(bytes32(0n)), y: base64url(bytes32(0n)) }),
    'a P-256 coordinate of all ones': () => ({ ...ec('P-256'), x: base64url(Buffer.alloc(32, 0xff)) }),
    'a P-256 coordinate one byte short': () => {
      const key = ec('P-256');
      return { ...key, x: base64url(Buffer.from(String(key.x), 'base64url').subarray(1)) };
    },
    'a P-256 key without y': () => ({ ...ec('P-256'), y: undefined }),
  }),
  ...refused('Chalkias et al., "Taming the many EdDSAs" (2020); RFC 8032 §5.1.3', {
    'the Ed25519 point of order 1': () => edwards(`01${'00'.repeat(31)}`),
    'the Ed25519 point of order 2': () => edwards(`ec${'ff'.repeat(30)}7f`),
    'an Ed25519 point of order 4': () => edwards('00'.repeat(32)),
    'an Ed25519 point of order 8': () => edwards('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    'the other Ed25519 point of order 8': () =>
      edwards('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
    'an Ed25519 point of order 8 with its sign': () =>
      edwards('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'),
    'an Ed25519 coordinate that is not canonical': () => edwards(`ee${'ff'.repeat(30)}7f`),
    'an Ed25519 point that is not on the curve': () => edwards(`02${'00'.repeat(31)}`),
    'an Ed25519 key of 31 bytes': () => edwards('11'.repeat(31)),
  }),
];

const foreignMembers: HttpAttack[] = [
  ...refused('RFC 7517 §9.2; CWE-522', {
    'an EC key with its private half': () =>
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    'an Ed25519 key with its private half': () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
    'an RSA key with its private half': () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  }),
  ...refused('RFC 8725 §3.1, §3.2; CVE-2016-10555', {
    'a symmetric key': () => ({ kty: 'oct', k: base64url(Buffer.alloc(32, 7)) }),
    'a symmetric key that calls itself EC': () => ({ ...ec('P-256'), k: base64url(Buffer.alloc(32, 7)) }),
    'a public key for HS256': () => ({ ...ec('P-256'), alg: 'HS256' }),
    'a public key for none': () => ({ ...ec('P-256'), alg: 'none' }),
    'an EC key for EdDSA': () => ({ ...ec('P-256'), alg: 'EdDSA' }),
    'a key for encryption': () => ({ ...ec('P-256'), use: 'enc' }),
    'a key that may sign': () => ({ ...ec('P-256'), key_ops: ['sign'] }),
  }),
  ...refused('RFC 7517 §4.6, §4.7; CWE-918', {
    'a key with a certificate': () => ({ ...ec('P-256'), x5c: ['MIIB'] }),
  }),
  ...answeredBy('422 PUBLIC_KEY_INVALID', 'RFC 7517 §4.6; CWE-918', {
    'a key that leads to its certificate': (workshop) =>
      register(workshop, { ...ec('P-256'), x5u: `${workshop.listener.url}/cert.pem` }),
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'RFC 7517 §4', {
    'a key in PEM': (workshop) => register(workshop, workshop.ownPublicKey.export({ type: 'spki', format: 'pem' })),
    'a key set instead of a key': (workshop) => register(workshop, [ec('P-256')]),
  }),
  ...answeredBy('422 PUBLIC_KEY_INVALID', 'RFC 7638 §3.4; RFC 8725 §2.7', {
    'a key that is registered already': async (workshop) => {
      const jwk = ec('P-256');
      await register(workshop, jwk);
      return register(workshop, jwk);
    },
  }),
];

export const publicKeyAttacks: readonly HttpAttack[] = [...weakRsa, ...wrongCurves, ...foreignMembers];
