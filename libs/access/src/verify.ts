import { compactVerify, type CryptoKey } from 'jose';
import type { z } from 'zod';
import { readStrictJws } from './strict-jws.ts';
import { TokenFault } from './token-fault.ts';

/** Seconds that clocks may differ. */
export const clockSkewSeconds = 5;

export interface Expectation<Claims extends z.ZodType> {
  /** Exact `typ` (RFC 8725 §3.11: each kind of token has its own, so that none passes for another). */
  readonly typ: string;
  readonly claims: Claims;
  /** Accepted `iss` values; undefined where the key alone vouches (inside the bus). */
  readonly issuers?: readonly string[];
  readonly audiences: readonly string[];
  readonly maxLifetimeSeconds: number;
  /** {@link maxTokenBytes} otherwise. */
  readonly maxBytes?: number;
  readonly key: (kid: string, alg: string) => Promise<CryptoKey | undefined>;
  /** Seconds since the epoch. */
  readonly now?: () => number;
}

export interface TimedClaims {
  readonly iss?: unknown;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number | undefined;
}

/**
 * The one verifier: access tokens, caller contexts and job grants all pass through it. Cheap checks come before the
 * signature, and no claim leaves before it was verified. Throws {@link TokenFault}; revocation and current rights are
 * not its business, since its result may be cached.
 */
export async function verifyToken<Claims extends z.ZodType<TimedClaims>>(
  token: string,
  expected: Expectation<Claims>,
): Promise<z.output<Claims>> {
  const { header, payload } = readStrictJws(token, expected.typ, expected.maxBytes);
  const parsed = expected.claims.safeParse(payload);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TokenFault('claims', `${issue?.path.join('.') || 'claims'} ${issue?.message ?? 'not valid'}`);
  }
  const claims = parsed.data;
  if (expected.issuers && !expected.issuers.includes(claims.iss as string))
    throw new TokenFault('issuer', 'iss is not accepted');
  const key = await expected.key(header.kid, header.alg);
  if (!key) throw new TokenFault('key', 'kid is not a known key');
  await verifySignature(token, key, header.alg);
  if (!expected.audiences.includes(claims.aud)) throw new TokenFault('audience', 'aud is not this deployment');
  checkTimes(claims, expected.maxLifetimeSeconds, (expected.now ?? nowSeconds)());
  return claims;
}

export const nowSeconds = () => Math.floor(Date.now() / 1000);

async function verifySignature(token: string, key: CryptoKey, alg: string): Promise<void> {
  try {
    await compactVerify(token, key, { algorithms: [alg] });
  } catch {
    throw new TokenFault('signature', 'the signature does not verify');
  }
}

function checkTimes({ iat, exp, nbf }: TimedClaims, maxLifetimeSeconds: number, now: number): void {
  if (iat > now + clockSkewSeconds) throw new TokenFault('time', 'iat lies in the future');
  if (nbf !== undefined && nbf > now + clockSkewSeconds) throw new TokenFault('time', 'nbf lies in the future');
  if (exp <= now - clockSkewSeconds) throw new TokenFault('time', 'the token has expired');
  if (exp <= iat || exp - iat > maxLifetimeSeconds)
    throw new TokenFault('time', 'exp - iat is longer than this issuer may give');
}
