import { createPublicKey } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { importJWK } from 'jose';
import { requireEd25519Point } from './ed25519-point.ts';
import { requireSoundRsa } from './rsa-soundness.ts';

type Alg = 'EdDSA' | 'ES256' | 'PS256' | 'RS256';

/** Members that are the key, each encoded in the one canonical way, and the algorithm that it verifies with. */
export interface PublicJwk {
  readonly members: Readonly<Record<string, string>>;
  readonly alg: Alg;
}

/** RFC 7518 §6.2.2, §6.3.2 and §6.4.1: members of private and of symmetric keys. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
/** Members that say something of a key and are not the key (RFC 7517 §4; `ext` is Web Crypto's). */
const describing = ['kty', 'alg', 'use', 'key_ops', 'kid', 'ext'];

const refuse = (reason: string): never => {
  throw new KeyportError('PUBLIC_KEY_INVALID', { reason });
};

/**
 * A public key as somebody registers it: Ed25519, P-256, or RSA of 2048 to 8192 bits, and none that is known to be weak
 * (RFC 8725 §3.2 and §3.5). Throws PUBLIC_KEY_INVALID with the reason.
 */
export async function readPublicJwk(jwk: Readonly<Record<string, unknown>>): Promise<PublicJwk> {
  const secret = privateMembers.find((name) => Object.hasOwn(jwk, name));
  if (secret !== undefined) refuse(`the member ${secret} is private; replace the key and register its public half`);
  const { names, alg, check } = kindOf(jwk);
  const unknown = Object.keys(jwk).find((name) => !describing.includes(name) && !names.includes(name));
  if (unknown !== undefined) refuse(`the member ${unknown.slice(0, 32)} is not accepted`);
  requireForSignatures(jwk);
  const members = Object.fromEntries(
    names.map((name) => [name, name === 'crv' ? (jwk.crv as string) : text(jwk, name)]),
  );
  await check(members);
  const key = { kty: jwk.kty as string, ...members };
  await requireImportable(key, alg);
  return { members: key, alg };
}

interface Kind {
  /** Members that are the key, besides `kty`. */
  readonly names: readonly string[];
  readonly alg: Alg;
  readonly check: (members: Readonly<Record<string, string>>) => Promise<void> | void;
}

function kindOf({ kty, crv, alg }: Readonly<Record<string, unknown>>): Kind {
  if (kty === 'OKP' && crv === 'Ed25519')
    return { names: ['crv', 'x'], alg: algOf(alg, ['EdDSA']), check: ({ x = '' }) => requireEd25519Point(bytes(x)) };
  if (kty === 'EC' && crv === 'P-256')
    return { names: ['crv', 'x', 'y'], alg: algOf(alg, ['ES256']), check: requireP256Coordinates };
  if (kty === 'RSA')
    return {
      names: ['n', 'e'],
      alg: algOf(alg, ['PS256', 'RS256']),
      check: ({ n = '', e = '' }) => requireSoundRsa(bytes(n), bytes(e)),
    };
  return refuse('kty and crv must be OKP and Ed25519, EC and P-256, or RSA');
}

function algOf(alg: unknown, fitting: readonly [Alg, ...Alg[]]): Alg {
  const found = alg === undefined ? fitting[0] : fitting.find((one) => one === alg);
  return found ?? refuse(`alg must be ${fitting.join(' or ')} for this kind of key`);
}

/** RFC 7517 §4.2 and §4.3. */
function requireForSignatures({ use, key_ops: operations }: Readonly<Record<string, unknown>>): void {
  if (use !== undefined && use !== 'sig') refuse('use must be sig');
  if (operations === undefined) return;
  const isToVerify = Array.isArray(operations) && operations.length === 1 && operations[0] === 'verify';
  if (!isToVerify) refuse('key_ops must be just verify');
}

/** Base64url that encodes back to the same text: one key has one spelling, and one thumbprint (RFC 7638 §3.3). */
function text(jwk: Readonly<Record<string, unknown>>, name: string): string {
  const value = jwk[name];
  if (typeof value === 'string' && value !== '' && bytes(value).toString('base64url') === value) return value;
  return refuse(`${name} must be canonical base64url`);
}

const bytes = (value: string) => Buffer.from(value, 'base64url');

/** RFC 7518 §6.2.1.2: full length. That the point lies on the curve, OpenSSL checks at the import. */
function requireP256Coordinates({ x = '', y = '' }: Readonly<Record<string, string>>): void {
  if (bytes(x).length !== 32 || bytes(y).length !== 32) refuse('x and y must have 32 bytes each');
}

async function requireImportable(jwk: { kty: string }, alg: Alg): Promise<void> {
  try {
    createPublicKey({ key: jwk, format: 'jwk' });
    await importJWK(jwk, alg);
  } catch {
    refuse('it is no valid key of its kind');
  }
}
