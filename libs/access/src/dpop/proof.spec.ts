import { createHash, generateKeyPairSync, sign as signBytes, type JsonWebKey, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { calculateJwkThumbprint } from 'jose';
import { ProofFault, type ProofCheck } from './proof-fault.ts';
import { proofLifetimeSeconds, verifyProof, type ProofExpectation } from './proof.ts';

const now = 1_800_000_000;
const accessToken = 'eyJ.of.somebody';
const url = 'https://keyport.example/v1/datasets/orders/records';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const another = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

type Sign = (input: string) => Buffer;
const es256 =
  (key: KeyObject): Sign =>
  (input) =>
    signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
const eddsa: Sign = (input) => signBytes(null, Buffer.from(input), ed.privateKey);
const rs256: Sign = (input) => signBytes('sha256', Buffer.from(input), rsa.privateKey);

const jwkOf = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });
const encode = (text: string) => Buffer.from(text).toString('base64url');
const ath = createHash('sha256').update(accessToken).digest('base64url');

function raw(header: string, payload: string, sign: Sign = es256(ec.privateKey)): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${sign(input).toString('base64url')}`;
}

const goodHeader = { typ: 'dpop+jwt', alg: 'ES256', jwk: jwkOf(ec.publicKey) };
const goodClaims = { jti: 'proof-1', htm: 'GET', htu: url, iat: now, ath };

const proof = (header: Record<string, unknown> = {}, claims: Record<string, unknown> = {}, sign?: Sign) =>
  raw(JSON.stringify({ ...goodHeader, ...header }), JSON.stringify({ ...goodClaims, ...claims }), sign);
const withJwk = (change: Record<string, unknown>) => proof({ jwk: { ...jwkOf(ec.publicKey), ...change } });

const expected: ProofExpectation = { method: 'GET', urls: [url], accessToken, now: () => now };
const verify = (text: string, change: Partial<ProofExpectation> = {}) => verifyProof(text, { ...expected, ...change });

const checkThatFails = (text: string, change?: Partial<ProofExpectation>): Promise<ProofCheck | 'none' | 'no fault'> =>
  verify(text, change).then(
    () => 'none',
    (error: unknown) => (error instanceof ProofFault ? error.check : 'no fault'),
  );

const attacks: [name: string, check: ProofCheck, make: () => string][] = [
  ['nothing', 'form', () => ''],
  ['two headers, joined', 'form', () => `${proof()}, ${proof()}`],
  ['a header that is there twice, the second empty', 'form', () => `${proof()}, `],
  ['two parts', 'form', () => proof().split('.').slice(0, 2).join('.')],
  ['no signature', 'form', () => `${proof().split('.').slice(0, 2).join('.')}.`],
  ['padding', 'form', () => `${proof()}==`],
  [
    'htm twice',
    'form',
    () => raw(JSON.stringify(goodHeader), JSON.stringify(goodClaims).replace('{', '{"htm":"PUT",')),
  ],
  [
    'jwk twice',
    'form',
    () =>
      raw(
        JSON.stringify(goodHeader).replace('{', `{"jwk":${JSON.stringify(jwkOf(another.publicKey))},`),
        JSON.stringify(goodClaims),
      ),
  ],
  ['more than a header carries', 'form', () => proof({}, { x: 'x'.repeat(4096) })],

  ['jku', 'header', () => proof({ jku: 'https://evil.example/jwks.json' })],
  ['x5c', 'header', () => proof({ x5c: ['MIIB'] })],
  ['crit', 'header', () => proof({ crit: ['exp'] })],
  ['b64 false', 'header', () => proof({ b64: false, crit: ['b64'] })],

  ['typ JWT', 'type', () => proof({ typ: 'JWT' })],
  ['the typ of an access token', 'type', () => proof({ typ: 'at+jwt' })],
  ['typ in upper case', 'type', () => proof({ typ: 'DPOP+JWT' })],
  ['no typ', 'type', () => proof({ typ: undefined })],

  ['alg none', 'algorithm', () => proof({ alg: 'none' })],
  ['HS256', 'algorithm', () => proof({ alg: 'HS256' })],
  ['HS256 with a symmetric jwk', 'algorithm', () => proof({ alg: 'HS256', jwk: { kty: 'oct', k: encode('secret') } })],
  ['ES256K', 'algorithm', () => proof({ alg: 'ES256K' })],
  ['alg as an array', 'algorithm', () => proof({ alg: ['ES256'] })],
  ['no alg', 'algorithm', () => proof({ alg: undefined })],

  ['no jwk', 'key', () => proof({ jwk: undefined })],
  ['jwk as a text', 'key', () => proof({ jwk: JSON.stringify(jwkOf(ec.publicKey)) })],
  ['jwk as an array', 'key', () => proof({ jwk: [jwkOf(ec.publicKey)] })],
  ['a private jwk', 'key', () => proof({ jwk: jwkOf(ec.privateKey) })],
  ['a private member that is empty', 'key', () => withJwk({ d: '' })],
  ['a symmetric jwk', 'key', () => proof({ jwk: { kty: 'oct', k: encode('secret') } })],
  ['a key of another kind than alg', 'key', () => proof({ alg: 'RS256' })],
  ['a key of another curve', 'key', () => withJwk({ crv: 'P-384' })],
  ['a point that does not lie on the curve', 'key', () => withJwk({ x: encode('0'.repeat(32)) })],
  ['a coordinate with a byte too many', 'key', () => withJwk({ x: encode(`${'0'.repeat(33)}`) })],
  ['a coordinate with unused bits', 'key', () => withJwk({ x: `${String(jwkOf(ec.publicKey).x).slice(0, -1)}B` })],
  ['a key for encryption', 'key', () => withJwk({ use: 'enc' })],
  ['a key for another algorithm', 'key', () => withJwk({ alg: 'ES384' })],
  ['a certificate in the jwk', 'key', () => withJwk({ x5c: ['MIIB'] })],
  ['an RSA key of 1024 bits', 'key', () => rsaOf(1024)],
  ['an RSA key with the exponent 3', 'key', () => rsaWith({ e: 'Aw' })],
  ['an RSA key with an even exponent', 'key', () => rsaWith({ e: 'AQAC' })],
  ['an RSA key with a long exponent', 'key', () => rsaWith({ e: encode('x'.repeat(200)) })],

  ['no jti', 'claims', () => proof({}, { jti: undefined })],
  ['an empty jti', 'claims', () => proof({}, { jti: '' })],
  ['a jti of 257 characters', 'claims', () => proof({}, { jti: 'x'.repeat(257) })],
  ['jti as a number', 'claims', () => proof({}, { jti: 1 })],
  ['no htm', 'claims', () => proof({}, { htm: undefined })],
  ['no htu', 'claims', () => proof({}, { htu: undefined })],
  ['htu as an array', 'claims', () => proof({}, { htu: [url] })],
  ['no iat', 'claims', () => proof({}, { iat: undefined })],
  ['iat as a text', 'claims', () => proof({}, { iat: String(now) })],
  ['iat as a fraction', 'claims', () => proof({}, { iat: now + 0.5 })],

  ['another method', 'method', () => proof({}, { htm: 'POST' })],
  ['the method in lower case', 'method', () => proof({}, { htm: 'get' })],

  ['another path', 'url', () => proof({}, { htu: `${url}/1` })],
  ['another case of the path', 'url', () => proof({}, { htu: url.replace('orders', 'Orders') })],
  ['another host', 'url', () => proof({}, { htu: url.replace('keyport.', 'evil.') })],
  ['a host that begins alike', 'url', () => proof({}, { htu: url.replace('.example', '.example.evil.example') })],
  ['another port', 'url', () => proof({}, { htu: url.replace('.example', '.example:8443') })],
  ['http for https', 'url', () => proof({}, { htu: url.replace('https', 'http') })],
  ['a user in front of the host', 'url', () => proof({}, { htu: url.replace('//', '//keyport.example@') })],
  ['the path alone', 'url', () => proof({}, { htu: '/v1/datasets/orders/records' })],
  ['backslashes', 'url', () => proof({}, { htu: url.replaceAll('/v1', '\\v1') })],
  ['a tab that a parser would drop', 'url', () => proof({}, { htu: url.replace('/v1', '/v\t1') })],
  ['a slash at the end', 'url', () => proof({}, { htu: `${url}/` })],
  ['an escaped slash', 'url', () => proof({}, { htu: url.replace('/records', '%2Frecords') })],

  ['a time too far ahead', 'time', () => proof({}, { iat: now + 6 })],
  ['a time too far back', 'time', () => proof({}, { iat: now - proofLifetimeSeconds - 1 })],
  ['milliseconds for seconds', 'time', () => proof({}, { iat: now * 1000 })],

  ['no ath', 'token', () => proof({}, { ath: undefined })],
  [
    'the hash of another token',
    'token',
    () => proof({}, { ath: createHash('sha256').update('x').digest('base64url') }),
  ],
  ['the hash in hex', 'token', () => proof({}, { ath: createHash('sha256').update(accessToken).digest('hex') })],
  ['the token itself for its hash', 'token', () => proof({}, { ath: accessToken })],

  ['the signature of another key', 'signature', () => proof({}, {}, es256(another.privateKey))],
  ['a signature of zeros (CVE-2022-21449)', 'signature', () => proof({}, {}, () => Buffer.alloc(64))],
  ['a changed claim', 'signature', () => swapped(1, encode(JSON.stringify({ ...goodClaims, jti: 'proof-2' })))],
  [
    'another key in the header',
    'signature',
    () => swapped(0, encode(JSON.stringify({ ...goodHeader, jwk: jwkOf(another.publicKey) }))),
  ],
];

function swapped(index: number, part: string): string {
  return proof()
    .split('.')
    .map((one, at) => (at === index ? part : one))
    .join('.');
}

function rsaOf(modulusLength: number): string {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  const sign: Sign = (input) => signBytes('sha256', Buffer.from(input), privateKey);
  return proof({ alg: 'RS256', jwk: jwkOf(publicKey) }, {}, sign);
}

const rsaWith = (change: JsonWebKey) => proof({ alg: 'RS256', jwk: { ...jwkOf(rsa.publicKey), ...change } }, {}, rs256);

describe('A DPoP proof (RFC 9449 §4.3)', () => {
  it.each([
    ['ES256', goodHeader.jwk, es256(ec.privateKey)],
    ['EdDSA', jwkOf(ed.publicKey), eddsa],
    ['Ed25519', jwkOf(ed.publicKey), eddsa],
    ['RS256', jwkOf(rsa.publicKey), rs256],
  ])('of a key for %s is good, and names the key by its thumbprint', async (alg, jwk, sign) => {
    const verified = await verify(proof({ alg, jwk }, {}, sign));

    expect(verified).toEqual({ thumbprint: await calculateJwkThumbprint(jwk), proofId: 'proof-1' });
  });

  it('has the same thumbprint whatever its jwk says beside the key', async () => {
    const { thumbprint } = await verify(withJwk({ kid: 'phone', use: 'sig', alg: 'ES256', key_ops: ['verify'] }));

    expect(thumbprint).toBe((await verify(proof())).thumbprint);
  });

  it.each([
    ['the edge of the past', { iat: now - proofLifetimeSeconds }],
    ['the edge of the future', { iat: now + 5 }],
    ['a query', { htu: `${url}?limit=3` }],
    ['a fragment', { htu: `${url}#top` }],
    ['scheme and host in upper case', { htu: url.replace('https://keyport', 'HTTPS://Keyport') }],
    ['the default port', { htu: url.replace('.example', '.example:443') }],
    ['needless escapes', { htu: url.replace('orders', '%6Frders') }],
    ['claims that nobody asked for', { nonce: 'x', anything: 1 }],
  ])('may have %s', async (_what, claims) => {
    expect(await checkThatFails(proof({}, claims))).toBe('none');
  });

  it('is for the request however the request spells its URL', async () => {
    expect(await checkThatFails(proof(), { urls: ['https://other.example/x', `${url}?limit=3`] })).toBe('none');
    expect(await checkThatFails(proof({}, { htu: `${url}/%c3%a9` }), { urls: [`${url}/%C3%A9`] })).toBe('none');
  });

  it('needs no hash of a token where there is none yet', async () => {
    const { method, urls } = expected;

    const verified = await verifyProof(proof({}, { ath: undefined }), { method, urls, now: () => now });

    expect(verified).toMatchObject({ proofId: 'proof-1' });
  });

  it.each(attacks)('with %s fails the check %s', async (_name, check, make) => {
    expect(await checkThatFails(make())).toBe(check);
  });

  it('is never in what a refusal says', async () => {
    const secret = 'do-not-repeat';

    const refusals = await Promise.allSettled(
      [{ htu: secret }, { jti: [secret] }, { htm: secret }, { ath: secret }].map((claims) => verify(proof({}, claims))),
    );

    expect(refusals.every(({ status }) => status === 'rejected')).toBe(true);
    expect(refusals.map((refusal) => String((refusal as PromiseRejectedResult).reason)).join()).not.toContain(secret);
  });
});
