import { createHmac, generateKeyPairSync, sign as signBytes, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, importJWK, type CryptoKey } from 'jose';
import { accessClaims, tokenTypes } from './claims.ts';
import { maxTokenBytes } from './strict-jws.ts';
import { TokenFault, type TokenCheck } from './token-fault.ts';
import { verifyToken, type Expectation, type VerifyingKey } from './verify.ts';

const now = 1_800_000_000;
const deployment = 'https://keyport.example';
const kid = 'keyport-one';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ours = pair();
const another = pair();
let verifyingKey: CryptoKey;

beforeAll(async () => {
  verifyingKey = (await importJWK(await exportJWK(ours.publicKey), 'ES256')) as CryptoKey;
});

const goodHeader = { kid, typ: tokenTypes.access, alg: 'ES256' };
const goodClaims = {
  iss: deployment,
  sub: 'user-1',
  aud: deployment,
  client_id: 'keyport',
  iat: now - 10,
  exp: now + 600,
  jti: 'token-1',
  scope: 'records:read:orders',
};

const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url');
const es256 = (key: KeyObject) => (input: string) =>
  signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

/** A token of exactly these texts, so that an attack can stand in any byte of them. */
function raw(header: string, payload: string, signer: (input: string) => Buffer = es256(ours.privateKey)): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

const token = (
  header: Record<string, unknown> = {},
  claims: Record<string, unknown> = {},
  signer?: (input: string) => Buffer,
) => raw(JSON.stringify({ ...goodHeader, ...header }), JSON.stringify({ ...goodClaims, ...claims }), signer);

/** The payload with this text in the place of a claim's value: for numbers that JSON.stringify does not write. */
const payloadWith = (name: string, value: string) =>
  JSON.stringify({ ...goodClaims, [name]: '@' }).replace('"@"', value);

const signer = (key: CryptoKey): VerifyingKey => ({ key, issuers: [deployment], maxLifetimeSeconds: 3600 });

const expectation: Expectation<typeof accessClaims> = {
  typ: tokenTypes.access,
  claims: accessClaims,
  audiences: [deployment],
  key: async (wanted, alg) => (wanted === kid && alg === 'ES256' ? signer(verifyingKey) : undefined),
  now: () => now,
};
const verify = (text: string) => verifyToken(text, expectation);

const checkThatFails = (text: string): Promise<TokenCheck | 'none' | 'not a TokenFault'> =>
  verify(text).then(
    () => 'none',
    (error: unknown) => (error instanceof TokenFault ? error.check : 'not a TokenFault'),
  );

const publicPem = ours.publicKey.export({ type: 'spki', format: 'pem' });
const hs256 = (secret: string | Buffer) => (input: string) => createHmac('sha256', secret).update(input).digest();
const swapPart = (text: string, index: number, change: (part: string) => string) =>
  text
    .split('.')
    .map((part, at) => (at === index ? change(part) : part))
    .join('.');

/** The last character of a part of 3n+1 or 3n+2 bytes has unused bits: set them. */
function nonCanonical(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1];
}

const attacks: [name: string, check: TokenCheck, make: () => string][] = [
  ...['none', 'None', 'NONE', 'nOnE', 'none ', ' none', ''].map((alg): [string, TokenCheck, () => string] => [
    `alg ${JSON.stringify(alg)}`,
    'algorithm',
    () => token({ alg }),
  ]),
  ['alg none without a signature', 'form', () => swapPart(token({ alg: 'none' }), 2, () => '')],
  ['alg as an array', 'algorithm', () => token({ alg: ['ES256'] })],
  ['no alg', 'algorithm', () => token({ alg: undefined })],
  ['ES256 in lower case', 'algorithm', () => token({ alg: 'es256' })],
  ['ES256K', 'algorithm', () => token({ alg: 'ES256K' })],
  ['HS256 with the public key (PEM) as its secret', 'algorithm', () => token({ alg: 'HS256' }, {}, hs256(publicPem))],
  ['HS512', 'algorithm', () => token({ alg: 'HS512' })],
  ['RS256 under the kid of an EC key', 'key', () => token({ alg: 'RS256' })],
  ['an HMAC with the public key that calls itself ES256', 'signature', () => token({}, {}, hs256(publicPem))],

  [
    'an embedded key',
    'header',
    () => token({ jwk: another.publicKey.export({ format: 'jwk' }) }, {}, es256(another.privateKey)),
  ],
  ['jku', 'header', () => token({ jku: 'https://evil.example/jwks.json' })],
  ['x5u', 'header', () => token({ x5u: 'https://evil.example/cert.pem' })],
  ['x5c', 'header', () => token({ x5c: ['MIIB'] })],
  ['crit', 'header', () => token({ crit: ['exp'] })],
  ['an empty crit', 'header', () => token({ crit: [] })],
  ['b64 false', 'header', () => token({ b64: false, crit: ['b64'] })],
  ['zip', 'header', () => token({ zip: 'DEF' })],
  ['enc', 'header', () => token({ enc: 'A256GCM' })],
  [
    'jku spelt with an escape',
    'header',
    () => raw('{"kid":"keyport-one","typ":"at+jwt","alg":"ES256","\\u006aku":"x"}', JSON.stringify(goodClaims)),
  ],
  ['a kid that is a path', 'header', () => token({ kid: '../../dev/null' })],
  ['a kid that is a query', 'header', () => token({ kid: "x' UNION SELECT" })],
  ['a kid of another type', 'header', () => token({ kid: 7 })],
  ['no kid', 'header', () => token({ kid: undefined })],
  ['a kid nobody knows', 'key', () => token({ kid: 'keyport-two' })],
  ['a kid that is a name of every object', 'key', () => token({ kid: '__proto__' })],

  ['typ JWT', 'type', () => token({ typ: 'JWT' })],
  ['typ in upper case', 'type', () => token({ typ: 'AT+JWT' })],
  ['typ with the media type prefix', 'type', () => token({ typ: 'application/at+jwt' })],
  ['a caller context shown as an access token', 'type', () => token({ typ: tokenTypes.context })],
  ['a job grant shown as an access token', 'type', () => token({ typ: tokenTypes.grant })],
  ['no typ', 'type', () => token({ typ: undefined })],

  ['nothing', 'form', () => ''],
  ['two parts', 'form', () => token().split('.').slice(0, 2).join('.')],
  ['four parts', 'form', () => `${token()}.x`],
  ['five parts, as an encrypted token has', 'form', () => `${token()}.${encode('a')}.${encode('b')}`],
  [
    'a JSON serialization',
    'form',
    () => JSON.stringify({ protected: encode('{}'), payload: encode('{}'), signature: 'x' }),
  ],
  ['a space in front', 'form', () => ` ${token()}`],
  ['a line break at the end', 'form', () => `${token()}\n`],
  ['padding', 'form', () => swapPart(token(), 2, (part) => `${part}==`)],
  ['the alphabet of plain base64', 'form', () => swapPart(token(), 2, (part) => `${part.slice(0, -1)}+`)],
  ['unused bits in the signature', 'form', () => swapPart(token(), 2, nonCanonical)],
  [
    'a byte that is not UTF-8',
    'form',
    () => `${encode(Buffer.from([0x7b, 0xff, 0x7d]))}.${encode('{}')}.${encode('x')}`,
  ],
  ['a byte order mark', 'form', () => raw(`\uFEFF${JSON.stringify(goodHeader)}`, JSON.stringify(goodClaims))],
  ['a header that is an array', 'form', () => raw('[]', JSON.stringify(goodClaims))],
  ['claims that are a text', 'form', () => raw(JSON.stringify(goodHeader), '"claims"')],
  ['claims with a comment', 'form', () => raw(JSON.stringify(goodHeader), `${JSON.stringify(goodClaims)}//`)],
  [
    'sub twice',
    'form',
    () => raw(JSON.stringify(goodHeader), JSON.stringify(goodClaims).replace('{', '{"sub":"admin",')),
  ],
  [
    'sub twice, once with an escape',
    'form',
    () => raw(JSON.stringify(goodHeader), JSON.stringify(goodClaims).replace('{', '{"\\u0073ub":"admin",')),
  ],
  [
    'alg twice',
    'form',
    () => raw(JSON.stringify(goodHeader).replace('{', '{"alg":"none",'), JSON.stringify(goodClaims)),
  ],
  [
    'a name twice deep inside',
    'form',
    () => token({}, {}) && raw(JSON.stringify(goodHeader), payloadWith('x', '[{"a":{"b":1,"b":2}}]')),
  ],
  [
    'nesting of nine levels',
    'form',
    () => raw(JSON.stringify(goodHeader), payloadWith('x', '['.repeat(8) + ']'.repeat(8))),
  ],
  [
    'a nesting bomb',
    'form',
    () => raw(JSON.stringify(goodHeader), payloadWith('x', '['.repeat(2500) + ']'.repeat(2500))),
  ],
  ['a nesting bomb that never closes', 'form', () => raw(JSON.stringify(goodHeader), '{"x":'.repeat(1000))],
  ['too many bytes', 'size', () => token({}, { scope: 'x'.repeat(maxTokenBytes) })],

  ['several audiences', 'claims', () => token({}, { aud: [deployment, 'https://other.example'] })],
  ['one audience as an array', 'claims', () => token({}, { aud: [deployment] })],
  ['no audience', 'claims', () => token({}, { aud: undefined })],
  ['another audience', 'audience', () => token({}, { aud: 'https://other.example' })],
  ['an audience that begins like ours', 'audience', () => token({}, { aud: `${deployment}/` })],
  ['another issuer', 'issuer', () => token({}, { iss: 'https://other.example' })],
  ['no issuer', 'claims', () => token({}, { iss: undefined })],
  ['sub as a number', 'claims', () => token({}, { sub: 1 })],
  ['sub as an object', 'claims', () => token({}, { sub: { $ne: null } })],
  ['an empty sub', 'claims', () => token({}, { sub: '' })],
  ['scope as an array', 'claims', () => token({}, { scope: ['*'] })],
  ['no scope', 'claims', () => token({}, { scope: undefined })],
  ['a jti with a wildcard of the bus', 'claims', () => token({}, { jti: 'a.>' })],
  ['no jti', 'claims', () => token({}, { jti: undefined })],
  ['details of a type nobody knows', 'claims', () => token({}, { authorization_details: [{ type: 'x' }] })],
  ['no details', 'claims', () => token({}, { authorization_details: [] })],
  [
    'details with a filter that runs code',
    'claims',
    () =>
      token(
        {},
        {
          authorization_details: [
            { type: 'keyport_dataset', datasets: ['*'], actions: ['records:read'], filter: { $where: '1' } },
          ],
        },
      ),
  ],
  ['five ancestors', 'claims', () => token({}, { anc: ['a', 'b', 'c', 'd', 'e'] })],
  ['exp as a text', 'claims', () => token({}, { exp: String(now + 600) })],
  ['exp as a fraction', 'claims', () => token({}, { exp: now + 0.5 })],
  ['exp below zero', 'claims', () => token({}, { exp: -1 })],
  ['exp beyond all numbers', 'claims', () => raw(JSON.stringify(goodHeader), payloadWith('exp', '1e999'))],
  ['exp beyond safe integers', 'claims', () => raw(JSON.stringify(goodHeader), payloadWith('exp', '9007199254740993'))],
  ['exp null', 'claims', () => token({}, { exp: null })],
  ['no exp', 'claims', () => token({}, { exp: undefined })],
  ['iat as a text', 'claims', () => token({}, { iat: String(now) })],
  ['no iat', 'claims', () => token({}, { iat: undefined })],
  ['nbf as a text', 'claims', () => token({}, { nbf: String(now) })],
  ['a token that has expired', 'time', () => token({}, { iat: now - 100, exp: now - 5 })],
  ['a token from the future', 'time', () => token({}, { iat: now + 6 })],
  ['a token that is not valid yet', 'time', () => token({}, { nbf: now + 6 })],
  ['a life longer than the issuer may give', 'time', () => token({}, { iat: now, exp: now + 3601 })],
  ['an end before the beginning', 'time', () => token({}, { iat: now + 3, exp: now })],

  ['the signature of another key', 'signature', () => token({}, {}, es256(another.privateKey))],
  ['a signature of zeros (CVE-2022-21449)', 'signature', () => token({}, {}, () => Buffer.alloc(64))],
  [
    'a signature in DER',
    'signature',
    () => token({}, {}, (input) => signBytes('sha256', Buffer.from(input), ours.privateKey)),
  ],
  ['a signature cut short', 'signature', () => token({}, {}, (input) => es256(ours.privateKey)(input).subarray(0, 63))],
  [
    'the signature of other claims',
    'signature',
    () => swapPart(token(), 1, () => encode(JSON.stringify({ ...goodClaims, sub: 'admin' }))),
  ],
  [
    'the signature of another header',
    'signature',
    () => swapPart(token(), 0, () => encode(JSON.stringify({ ...goodHeader, x: 1 }))),
  ],
];

describe('verifyToken', () => {
  it('gives the claims of a good token', async () => {
    expect(await verify(token())).toEqual({ claims: { ...goodClaims, anc: [] }, kid });
  });

  it.each([
    ['the last second of a token with the clocks 4 s apart', { exp: now - 4, iat: now - 100 }],
    ['a clock that is 5 s ahead', { iat: now + 5 }],
    ['four ancestors and a key', { anc: ['a', 'b', 'c', 'd'], key: 'key-1' }],
    ['claims that it does not know', { locale: 'de', nbf: now }],
    ['no client', { client_id: undefined }],
    [
      'rows and fields',
      {
        authorization_details: [
          {
            type: 'keyport_dataset',
            datasets: ['orders-*'],
            actions: ['records:*'],
            filter: { a: 1 },
            fields: ['a.b'],
          },
        ],
      },
    ],
  ])('accepts %s', async (_name, claims) => {
    expect(await checkThatFails(token({}, claims))).toBe('none');
  });

  it.each(attacks)('refuses %s', async (_name, check, make) => {
    const text = make();

    expect(await checkThatFails(text)).toBe(check);
  });

  it('looks for the key by its kid, once, and never with a kid that it cannot be', async () => {
    const asked: string[] = [];
    const key = async (wanted: string) => {
      asked.push(wanted);
      return signer(verifyingKey);
    };

    await verifyToken(token({ kid: '../x' }), { ...expectation, key }).catch(() => undefined);
    await verifyToken(token(), { ...expectation, key });

    expect(asked).toEqual([kid]);
  });

  it('makes every other check before the signature', async () => {
    const expired = token({}, { iat: now - 100, exp: now - 50 }, es256(another.privateKey));

    expect(await checkThatFails(expired)).toBe('time');
  });

  it('writes a fault in plain characters, whatever stood in the token', async () => {
    const detail = {
      type: 'keyport_dataset',
      datasets: ['*'],
      actions: ['records:read'],
      'x\r\nset-cookie: a=b"\u00e9': 1,
    };

    const fault = await verify(token({}, { authorization_details: [detail] })).catch((error: unknown) => error);

    expect((fault as TokenFault).reason).toMatch(/^[ !#-~]{1,200}$/);
  });

  it('never says the token or its claims in a fault', async () => {
    const secret = 'do-not-show';

    const fault = await verify(token({}, { iss: secret, sub: secret })).catch((error: unknown) => error as TokenFault);

    expect(fault).toBeInstanceOf(TokenFault);
    expect(String((fault as TokenFault).stack)).not.toContain(secret);
  });

  it('refuses hostile text of the largest size within milliseconds', async () => {
    const hostile = ['"\\"'.repeat(2000), '{"'.repeat(3000), '\\'.repeat(6000), '"' + '\\"'.repeat(2900)];

    const took: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const started = performance.now();
      for (const payload of hostile) await checkThatFails(raw(JSON.stringify(goodHeader), payload));
      took.push(performance.now() - started);
    }

    // Whatever else the machine does slows some rounds, not all.
    expect(Math.min(...took)).toBeLessThan(250);
  });

  it('verifies with an Ed25519 key where the issuer has one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = (await importJWK(publicKey.export({ format: 'jwk' }), 'EdDSA')) as CryptoKey;
    const text = token({ alg: 'EdDSA' }, {}, (input) => signBytes(null, Buffer.from(input), privateKey));

    const { claims } = await verifyToken(text, { ...expectation, key: async () => signer(key) });

    expect(claims.sub).toBe('user-1');
  });
});

describe('a token that somebody signs for themselves', () => {
  const self: Omit<VerifyingKey, 'key'> = {
    issuers: [`${deployment}/public-keys/1`],
    subject: 'user-1',
    maxLifetimeSeconds: 600,
    refusedClaims: ['key', 'anc', 'sid'],
    isHidden: true,
  };
  const mine = { iss: `${deployment}/public-keys/1`, client_id: undefined, iat: now, exp: now + 600 };
  const check = (text: string) =>
    verifyToken(text, { ...expectation, key: async () => ({ ...self, key: verifyingKey }) }).then(
      () => 'none',
      (error: unknown) => (error as TokenFault).check,
    );

  it.each<[string, Record<string, unknown>, string]>([
    ['is accepted', {}, 'none'],
    ['has the issuer of its key, not the deployment', { iss: deployment }, 'issuer'],
    ['has the issuer of its key, not of another', { iss: `${deployment}/public-keys/2` }, 'issuer'],
    ['speaks for the owner of its key alone', { sub: 'user-2' }, 'issuer'],
    ['is for this deployment', { aud: 'https://other.example' }, 'audience'],
    ['lives no longer than registered', { exp: now + 601 }, 'time'],
    ['cannot say that it is an API key', { key: 'key-1' }, 'claims'],
    ['cannot say what it was minted through', { anc: [] }, 'claims'],
    ['cannot say that it is a session', { sid: 'session-1' }, 'claims'],
  ])('%s', async (_title, changes, expected) => {
    expect(await check(token({}, { ...mine, ...changes }))).toBe(expected);
  });

  it('ends no later than its key', async () => {
    const ending = (notAfter: number) =>
      verifyToken(token({}, mine), { ...expectation, key: async () => ({ ...self, key: verifyingKey, notAfter }) });

    expect((await ending(now + 600)).kid).toBe(kid);
    await expect(ending(now + 599)).rejects.toMatchObject({ check: 'time' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['is in order otherwise', {}],
    ['has expired', { iat: now - 100, exp: now - 50 }],
    ['has another issuer', { iss: deployment }],
    ['lacks a claim', { scope: undefined }],
  ])('does not tell who signed with another key that its kid is known, where it %s', async (_title, changes) => {
    const forged = token({}, { ...mine, ...changes }, es256(another.privateKey));
    const unknown = await verifyToken(forged, { ...expectation, key: async () => undefined }).catch(
      (error: Error) => error,
    );

    const known = await verifyToken(forged, {
      ...expectation,
      key: async () => ({ ...self, key: verifyingKey }),
    }).catch((error: Error) => error);

    expect((known as TokenFault).message).toBe((unknown as TokenFault).message);
    expect((known as TokenFault).check).toBe('key');
  });
});
