import { clockSkewSeconds, TokenFault } from '@keyport/access';
import { z } from 'zod';

/** Seconds ahead that the end of an assertion may lie. */
export const maxAssertionSeconds = 300;

const seconds = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** RFC 7523 §3. `jti` is wanted, since an assertion is good once. */
export const assertionClaims = z.looseObject({
  iss: z.string().min(1).max(1024),
  sub: z.string().min(1).max(512),
  /** One audience: whoever may be shown the assertion elsewhere could use it here. */
  aud: z.union([z.string(), z.tuple([z.string()])]),
  exp: seconds,
  iat: seconds.optional(),
  nbf: seconds.optional(),
  jti: z.string().min(1).max(512),
});
export type AssertionClaims = z.output<typeof assertionClaims>;

/** Claims of an assertion, by their form alone. Throws {@link TokenFault}. */
export function readAssertionClaims(payload: Record<string, unknown>): AssertionClaims {
  const parsed = assertionClaims.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new TokenFault('claims', `${parsed.error.issues[0]?.path.join('.') ?? 'claims'} is missing or not valid`);
}

/** Throws {@link TokenFault} unless the assertion is for this deployment and lives now, for five minutes at most. */
export function requireUsable(
  { aud, exp, iat, nbf }: AssertionClaims,
  isOurs: (audience: string) => boolean,
  now: number,
): void {
  const [audience = ''] = [aud].flat();
  if (!isOurs(audience)) throw new TokenFault('audience', 'aud is not this deployment');
  if (exp <= now - clockSkewSeconds) throw new TokenFault('time', 'the assertion has expired');
  if (exp > now + maxAssertionSeconds + clockSkewSeconds)
    throw new TokenFault('time', `exp lies more than ${maxAssertionSeconds} seconds ahead`);
  if ((iat ?? 0) > now + clockSkewSeconds) throw new TokenFault('time', 'iat lies in the future');
  if ((nbf ?? 0) > now + clockSkewSeconds) throw new TokenFault('time', 'nbf lies in the future');
}
