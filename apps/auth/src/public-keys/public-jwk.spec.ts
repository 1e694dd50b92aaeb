import { checkPrimeSync, generateKeyPairSync, generatePrimeSync, randomBytes } from 'node:crypto';
import { refusalOf } from '@keyport/testing';
import { describe, expect, it } from '@jest/globals';
import { readPublicJwk } from './public-jwk.ts';

type Jwk = Record<string, unknown>;

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

const okp: Jwk = { ...ed25519.publicKey.export({ format: 'jwk' }) };
const ec: Jwk = { ...p256.publicKey.export({ format: 'jwk' }) };
const rs: Jwk = { ...rsa.publicKey.export({ format: 'jwk' }) };

const reasonOf = async (jwk: Jwk) => {
  const error = await refusalOf(readPublicJwk(jwk));
  return error?.code === 'PUBLIC_KEY_INVALID' ? error.params.reason : error?.code;
};

const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
const hex = (text: string) => b64(Buffer.from(text, 'hex'));
/** As unsigned bytes, the fewest. */
const number = (value: bigint) => {
  const text = value.toString(16);
  return hex(text.length % 2 ? `0${text}` : text);
};
/** Little-endian, as Ed25519 encodes its y. */
const littleEndian = (value: bigint) => b64(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse());

describe('a public key that can be registered', () => {
  it.each([
    ['Ed25519', okp, 'EdDSA'],
    ['P-256', ec, 'ES256'],
    ['RSA', rs, 'PS256'],
    ['RSA, named for RS256', { ...rs, alg: 'RS256' }, 'RS256'],
    [
      'RSA of 4096 bits',
      generateKeyPairSync('rsa', { modulusLength: 4096 }).publicKey.export({ format: 'jwk' }),
      'PS256',
    ],
    ['one as Web Crypto exports it', { ...ec, ext: true, key_ops: ['verify'] }, 'ES256'],
    ['one as a key set publishes it', { ...okp, kid: 'mine', use: 'sig', alg: 'EdDSA' }, 'EdDSA'],
  ])('is %s', async (_name, jwk, alg) => {
    const read = await readPublicJwk(jwk);

    expect(read.alg).toBe(alg);
  });

  it('is kept without what only describes it', async () => {
    const { members } = await readPublicJwk({ ...okp, kid: 'mine', use: 'sig', ext: true });

    expect(members).toEqual({ kty: 'OKP', crv: 'Ed25519', x: okp['x'] });
  });

  it('is any that node makes', async () => {
    for (let count = 0; count < 20; count += 1) {
      const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as Jwk;
      expect(await reasonOf(jwk)).toBeUndefined();
    }
  });
});

describe('a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4)', () => {
  it.each([
    ['Ed25519', ed25519.privateKey],
    ['P-256', p256.privateKey],
    ['RSA', rsa.privateKey],
  ])('is refused: %s', async (_name, key) => {
    expect(await reasonOf(key.export({ format: 'jwk' }) as Jwk)).toMatch(/^the member d is private/);
  });

  it.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('is refused for its member %s alone', async (name) => {
    expect(await reasonOf({ ...okp, [name]: 'AA' })).toMatch(new RegExp(`^the member ${name} is private`));
    expect(await reasonOf({ ...rs, [name]: null })).toMatch(new RegExp(`^the member ${name} is private`));
  });

  it('is not repeated in the refusal', async () => {
    const jwk = ed25519.privateKey.export({ format: 'jwk' }) as { d: string };

    expect(JSON.stringify(await refusalOf(readPublicJwk(jwk)))).not.toContain(jwk.d);
  });

  it('is refused: octets (RS256 to HS256 confusion, CVE-2015-9235)', async () => {
    expect(await reasonOf({ kty: 'oct', k: b64(randomBytes(32)) })).toMatch(/private/);
    expect(await reasonOf({ kty: 'oct' })).toMatch(/^kty and crv must be/);
  });
});

describe('a key of another kind (RFC 8725 §3.1 and §3.2)', () => {
  const kind = /^kty and crv must be/;
  const alg = /^alg must be/;
  const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });

  it.each([
    ['P-384', curve('P-384'), kind],
    ['secp256k1', curve('secp256k1'), kind],
    ['Ed448', generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }), kind],
    ['X25519, for agreement', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), kind],
    ['a curve of another type', { ...ec, crv: 'Ed25519' }, kind],
    ['a type that is no text', { ...ec, kty: ['EC'] }, kind],
    ['nothing', {}, kind],
    ['alg none', { ...ec, alg: 'none' }, alg],
    ['alg HS256', { ...rs, alg: 'HS256' }, alg],
    ['alg of another type', { ...ec, alg: 'RS256' }, alg],
    ['alg RS512', { ...rs, alg: 'RS512' }, alg],
    ['alg null', { ...okp, alg: null }, alg],
    ['for encryption (RFC 7517 §4.2)', { ...rs, use: 'enc' }, /^use must be sig/],
    ['for signing (RFC 7517 §4.3)', { ...rs, key_ops: ['sign', 'verify'] }, /^key_ops must be just verify/],
    ['for verifying twice', { ...rs, key_ops: ['verify', 'verify'] }, /^key_ops must be just verify/],
    ['for nothing', { ...rs, key_ops: [] }, /^key_ops must be just verify/],
  ])('is refused: %s', async (_name, jwk, reason) => {
    expect(await reasonOf(jwk as Jwk)).toMatch(reason);
  });
});

describe('a key that points elsewhere, or holds what is not known (RFC 8725 §3.10)', () => {
  it.each(['x5u', 'x5c', 'x5t', 'x5t#S256', 'jku', 'y', '__proto__', 'constructor'])('is refused: %s', async (name) => {
    const jwk = JSON.parse(`{"kty":"OKP","crv":"Ed25519","x":"${String(okp['x'])}","${name}":"http://a"}`) as Jwk;

    expect(await reasonOf(jwk)).toBe(`the member ${name} is not accepted`);
  });
});

describe('members that could be written in several ways (RFC 7515 §2, RFC 7638 §3.3)', () => {
  const x = okp['x'] as string;
  const canonical = /must be canonical base64url$/;

  it.each([
    ['padding', { ...okp, x: `${x}=` }],
    ['plain base64', { ...okp, x: Buffer.alloc(32, 0xfb).toString('base64') }],
    ['loose last bits', { ...okp, x: `${x.slice(0, -1)}B` }],
    ['a line break', { ...okp, x: `${x}\n` }],
    ['no text', { ...okp, x: 5 }],
    ['none', { kty: 'OKP', crv: 'Ed25519' }],
    ['an empty text', { ...ec, y: '' }],
  ])('are refused: %s', async (_name, jwk) => {
    expect(await reasonOf(jwk)).toMatch(canonical);
  });
});

describe('a broken Ed25519 key', () => {
  const p = 2n ** 255n - 19n;
  const small = 'the point has a small order';
  const notCanonical = 'x is not the canonical encoding of a point';
  const sign = 2n ** 255n;

  it.each([
    // Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs" (2020), table 1.
    ['all zeros: order 4', b64(new Uint8Array(32)), small],
    ['zeros with the sign', littleEndian(sign), small],
    ['the neutral point', littleEndian(1n), small],
    ['the neutral point with the sign', littleEndian(1n + sign), small],
    ['order 2', littleEndian(p - 1n), small],
    ['order 8', hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'), small],
    ['order 8 with the sign', hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'), small],
    ['order 8, the other', hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'), small],
    [
      'order 8, the other with the sign',
      hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'),
      small,
    ],
    // RFC 8032 §5.1.3, step 1: y must be less than p.
    ['y = p', littleEndian(p), notCanonical],
    ['y = p + 1', littleEndian(p + 1n), notCanonical],
    ['all ones', b64(new Uint8Array(32).fill(255)), notCanonical],
    ['off the curve', littleEndian(2n), 'the point does not lie on the curve'],
    ['31 bytes', b64(randomBytes(31)), 'x must have 32 bytes'],
    ['33 bytes', b64(randomBytes(33)), 'x must have 32 bytes'],
  ])('is refused: %s', async (_name, x, reason) => {
    expect(await reasonOf({ ...okp, x })).toBe(reason);
  });
});

describe('a broken P-256 key (invalid curve attack: RFC 8725 §3.4, CVE-2015-7940)', () => {
  const length = 'x and y must have 32 bytes each';
  const invalid = 'it is no valid key of its kind';
  const [x, y] = [ec['x'], ec['y']] as [string, string];
  const flipped = (text: string) => {
    const bytes = Buffer.from(text, 'base64url');
    bytes[31] = (bytes[31] ?? 0) ^ 1;
    return b64(bytes);
  };

  it.each([
    ['off the curve', x, flipped(y), invalid],
    ['zeros', b64(new Uint8Array(32)), b64(new Uint8Array(32)), invalid],
    ['coordinates beyond the field', b64(new Uint8Array(32).fill(255)), y, invalid],
    ['a short coordinate (RFC 7518 §6.2.1.2)', b64(randomBytes(31)), y, length],
    ['a long coordinate', b64(Buffer.concat([Buffer.alloc(1), Buffer.from(x, 'base64url')])), y, length],
  ])('is refused: %s', async (_name, wrongX, wrongY, reason) => {
    expect(await reasonOf({ ...ec, x: wrongX, y: wrongY })).toBe(reason);
  });
});

describe('a weak RSA key', () => {
  const prime = (bits: number) => generatePrimeSync(bits, { bigint: true });
  const withModulus = (n: bigint) => ({ kty: 'RSA', n: number(n), e: 'AQAB' });
  const withExponent = (e: bigint) => ({ ...rs, e: number(e) });
  const nextPrime = (from: bigint) => {
    let candidate = from + 2n;
    while (!checkPrimeSync(candidate)) candidate += 2n;
    return candidate;
  };

  it.each([
    ['1024 bits (NIST SP 800-131A)', 1024],
    ['2047 bits', 2047],
    ['8193 bits, slow to verify', 8193],
  ])('is refused: %s', async (_name, bits) => {
    const n = (1n << BigInt(bits - 1)) | 1n;

    expect(await reasonOf(withModulus(n))).toBe('n must have 2048 to 8192 bits');
  });

  it.each([
    ['e = 1: a signature is the message', 1n],
    ['e = 3 (CVE-2006-4339)', 3n],
    ['e = 65535', 65_535n],
    ['an even e', 65_538n],
    ['an e of five bytes, slow to verify', 2n ** 39n + 1n],
  ])('is refused: %s', async (_name, e) => {
    expect(await reasonOf(withExponent(e))).toMatch(/^e must be odd, 65537 or more/);
  });

  it('is refused: a zero byte in front (RFC 7518 §6.3.1)', async () => {
    const reason = 'n and e must not begin with a zero byte';
    const n = b64(Buffer.concat([Buffer.alloc(1), Buffer.from(rs['n'] as string, 'base64url')]));

    expect(await reasonOf({ ...rs, n })).toBe(reason);
    expect(await reasonOf({ ...rs, e: 'AAEAAQ' })).toBe(reason);
  });

  it('is refused: small factors ("Mining your Ps and Qs", 2012)', async () => {
    const even = (prime(1024) * prime(1025)) << 1n;

    expect(await reasonOf(withModulus(even))).toBe('n has a small factor');
    expect(await reasonOf(withModulus(9_973n * prime(2040)))).toBe('n has a small factor');
  });

  it('is refused: factors that lie close together (Fermat, CVE-2022-26320)', async () => {
    const first = prime(1024);

    expect(await reasonOf(withModulus(first * nextPrime(first)))).toBe('the factors of n lie close together');
    expect(await reasonOf(withModulus(first * first))).toBe('the factors of n lie close together');
  });

  it('is refused: a prime, whose private half everybody can work out', async () => {
    expect(await reasonOf(withModulus(prime(2048)))).toBe('n is a prime');
  });

  it('is refused: as Infineon made them (ROCA, CVE-2017-15361)', async () => {
    const n = rocaPrime() * rocaPrime();

    expect(n.toString(2).length).toBeGreaterThanOrEqual(2048);
    expect(await reasonOf(withModulus(n))).toBe('n was made by a library with a known flaw (ROCA, CVE-2017-15361)');
  });
});

/** A prime `k M + (65537^a mod M)`, M being the product of the first 126 primes (Nemec et al. 2017, §2). */
function rocaPrime(): bigint {
  const primes: bigint[] = [];
  for (let candidate = 2n; primes.length < 126; candidate += 1n)
    if (primes.every((prime) => candidate % prime !== 0n)) primes.push(candidate);
  const m = primes.reduce((product, prime) => product * prime, 1n);
  let residue = 1n;
  for (let a = 0; a < 1000; a += 1) residue = (residue * 65_537n) % m;
  const k = (1n << 1026n) / m + BigInt(`0x${randomBytes(6).toString('hex')}`);
  let candidate = k * m + residue;
  while (!checkPrimeSync(candidate)) candidate += m;
  return candidate;
}
