import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWK } from 'jose';
import { ProofFault } from './proof-fault.ts';

type Algorithm = 'ES256' | 'EdDSA' | 'Ed25519' | 'PS256' | 'RS256';

/** Below it is no RSA key worth the name (NIST SP 800-131A); above, each request would cost too much. */
const rsaBits = { min: 2048, max: 4096 };
const maxExponentBytes = 4;
const minExponent = 65_537;

/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1: members of private and of symmetric keys. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Members that say something of a key and are not the key (RFC 7517 §4; `ext` is Web Crypto's). */
const describing = ['kty', 'alg', 'use', 'key_ops', 'kid', 'ext'];

interface Kind {
  readonly kty: string;
  readonly crv?: string;
  /** Members that are the key, besides `kty` and `crv`. */
  readonly names: readonly string[];
  readonly check: (bytes: readonly Buffer[]) => void;
}

const rsa: Kind = { kty: 'RSA', names: ['n', 'e'], check: ([n, e]) => requireSoundRsa(n as Buffer, e as Buffer) };

const ed25519: Kind = { kty: 'OKP', crv: 'Ed25519', names: ['x'], check: requireLength };

const kinds: Readonly<Record<Algorithm, Kind>> = {
  ES256: { kty: 'EC', crv: 'P-256', names: ['x', 'y'], check: requireLength },
  EdDSA: ed25519,
  Ed25519: ed25519,
  PS256: rsa,
  RS256: rsa,
};

export interface ProofKey {
  readonly key: CryptoKey;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
}

/**
 * The public key that a proof brings along. It is only ever compared with the one that a token names, so a weak key would
 * harm its own holder; those are refused all the same. One key has one spelling, and so one thumbprint.
 */
export async function readProofKey(jwk: unknown, alg: Algorithm): Promise<ProofKey> {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) refuse('jwk is not a JSON object');
  const key = jwk as Readonly<Record<string, unknown>>;
  const secret = privateMembers.find((name) => Object.hasOwn(key, name));
  if (secret !== undefined) refuse(`jwk has the private member ${secret}: replace the key`);
  const kind = kinds[alg];
  if (key.kty !== kind.kty || key.crv !== kind.crv) refuse(`jwk is not a key for ${alg}`);
  if ((key.alg ?? alg) !== alg || (key.use ?? 'sig') !== 'sig') refuse(`jwk is not meant for ${alg} signatures`);
  const named = [...kind.names, ...(kind.crv === undefined ? [] : ['crv']), ...describing];
  if (Object.keys(key).some((name) => !named.includes(name))) refuse('jwk has a member that is not accepted');
  kind.check(kind.names.map((name) => bytesOf(key[name], name)));
  const members = Object.fromEntries(kind.names.map((name) => [name, key[name]]));
  return imported({ kty: kind.kty, ...(kind.crv !== undefined && { crv: kind.crv }), ...members }, alg);
}

async function imported(jwk: JWK, alg: Algorithm): Promise<ProofKey> {
  try {
    return { key: (await importJWK(jwk, alg)) as CryptoKey, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch {
    return refuse('jwk is no valid key of its kind');
  }
}

function bytesOf(value: unknown, name: string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
  if (bytes && bytes.length > 0 && bytes.toString('base64url') === value) return bytes;
  return refuse(`jwk.${name} is not canonical base64url`);
}

/** RFC 7518 §6.2.1.2, RFC 8037 §2: full length. That an EC point lies on its curve is checked at the import. */
function requireLength(coordinates: readonly Buffer[]): void {
  if (coordinates.some(({ length }) => length !== 32)) refuse('the coordinates of jwk must have 32 bytes');
}

/** RFC 7518 §6.3.1: in the fewest octets. */
function requireSoundRsa(n: Buffer, e: Buffer): void {
  if (n[0] === 0 || e[0] === 0) refuse('n and e of jwk must not begin with a zero byte');
  const bits = n.length * 8 - (Math.clz32(n[0] as number) - 24);
  if (bits < rsaBits.min || bits > rsaBits.max) refuse(`n of jwk must have ${rsaBits.min} to ${rsaBits.max} bits`);
  const exponent = e.length > maxExponentBytes ? 0 : e.readUIntBE(0, e.length);
  if (exponent < minExponent || exponent % 2 === 0) refuse('e of jwk must be odd, and 65537 or more in four bytes');
}

function refuse(reason: string): never {
  throw new ProofFault('key', reason);
}
