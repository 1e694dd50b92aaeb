import { compactVerify, type CryptoKey } from 'jose';
import type { z } from 'zod';
import { readStrictJws, type HeaderRules } from './strict-jws.ts';
import { TokenFault } from './token-fault.ts';

/** Seconds that clocks may differ. */
export const clockSkewSeconds = 5;

/** A key that may have signed, and what tokens signed with it may say. */
export interface VerifyingKey {
  readonly key: CryptoKey;
  /** Accepted `iss` values; undefined where the key alone vouches (inside the bus). */
  readonly issuers?: readonly string[];
  /** The only `sub`, where the key speaks for one alone. */
  readonly subject?: string;
  readonly maxLifetimeSeconds: number;
  /** The latest `exp`, where the key itself ends. */
  readonly notAfter?: number | undefined;
  /** Claims that who holds this key cannot vouch for; a token with one is refused. */
  readonly refusedClaims?: readonly string[];
  /** Whoever did not sign with it is not told that it exists. */
  readonly isHidden?: boolean;
}

export interface Expectation<Claims extends z.ZodType> {
  /** `typ`, as readStrictJws compares it (RFC 8725 §3.11: each kind of token has its own, so that none passes for another). */
  readonly typ: string | readonly (string | undefined)[];
  /** Those of Keyport's own tokens otherwise. */
  readonly header?: HeaderRules;
  readonly claims: Claims;
  readonly audiences: readonly string[];
  /** {@link maxTokenBytes} otherwise. */
  readonly maxBytes?: number;
  /** The key that the `kid` names, from memory. `iat` is not verified yet. */
  readonly key: (kid: string, alg: string, iat: unknown) => Promise<VerifyingKey | undefined>;
  /** Seconds since the epoch. */
  readonly now?: () => number;
}

export interface VerifiedToken<Claims extends z.ZodType> {
  readonly claims: z.output<Claims>;
  readonly kid: string;
}

export interface TimedClaims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number | undefined;
}

/**
 * The one verifier: access tokens of any signer, caller contexts and job grants all pass through it. Cheap checks come
 * before the signature, so that of a flood of bad tokens few cost one; no claim leaves before it was verified. Throws
 * {@link TokenFault}; revocation and current rights are not its business, since its result may be cached.
 */
export async function verifyToken<Claims extends z.ZodType<TimedClaims>>(
  token: string,
  expected: Expectation<Claims>,
): Promise<VerifiedToken<Claims>> {
  const { header, payload } = readStrictJws(token, expected.typ, expected.maxBytes, expected.header);
  const signer = await expected.key(header.kid, header.alg, payload['iat']);
  if (!signer) throw unknownKey();
  let claims: z.output<Claims>;
  try {
    claims = readClaims(payload, signer, expected);
  } catch (fault) {
    if (!signer.isHidden) throw fault;
    throw (await isSignedBy(token, signer, header.alg)) ? fault : unknownKey();
  }
  if (await isSignedBy(token, signer, header.alg)) return { claims, kid: header.kid };
  throw signer.isHidden ? unknownKey() : new TokenFault('signature', 'the signature does not verify');
}

const unknownKey = () => new TokenFault('key', 'kid names no key that is known and verifies the token');

function readClaims<Claims extends z.ZodType<TimedClaims>>(
  payload: Record<string, unknown>,
  signer: VerifyingKey,
  { claims: schema, audiences, now = nowSeconds }: Expectation<Claims>,
): z.output<Claims> {
  const refused = signer.refusedClaims?.find((name) => Object.hasOwn(payload, name));
  if (refused !== undefined) throw new TokenFault('claims', `${refused} is not for this signer to say`);
  const parsed = schema.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TokenFault('claims', plain(`${issue?.path.join('.') || 'claims'} ${issue?.message ?? 'not valid'}`));
  }
  const claims = parsed.data;
  if (signer.issuers && !signer.issuers.includes(claims.iss as string))
    throw new TokenFault('issuer', 'iss is not accepted');
  if (signer.subject !== undefined && signer.subject !== claims.sub)
    throw new TokenFault('issuer', 'sub is not whom this key speaks for');
  if (!audiences.includes(claims.aud)) throw new TokenFault('audience', 'aud is not this deployment');
  checkTimes(claims, signer, now());
  return claims;
}

export const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Names from inside the token may stand in it, and it goes into a header (RFC 6750 §3: no quotes, no backslashes). */
const plain = (text: string): string => text.replace(/[^ !#-[\]-~]/g, "'").slice(0, 200);

async function isSignedBy(token: string, { key }: VerifyingKey, alg: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
}

function checkTimes({ iat, exp, nbf }: TimedClaims, { maxLifetimeSeconds, notAfter }: VerifyingKey, now: number): void {
  if (iat > now + clockSkewSeconds) throw new TokenFault('time', 'iat lies in the future');
  if (nbf !== undefined && nbf > now + clockSkewSeconds) throw new TokenFault('time', 'nbf lies in the future');
  if (exp <= now - clockSkewSeconds) throw new TokenFault('time', 'the token has expired');
  if (exp <= iat || exp - iat > maxLifetimeSeconds)
    throw new TokenFault('time', 'exp - iat is longer than this issuer may give');
  if (notAfter !== undefined && exp > notAfter) throw new TokenFault('time', 'exp is later than the key itself ends');
}
