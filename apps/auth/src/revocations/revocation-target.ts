import { clockSkewSeconds, type RevocationTarget } from '@keyport/access';
import { KeyportError, type FieldProblem } from '@keyport/contracts';
import type { AskedRevocation } from './revocation.model.ts';

const levels = ['jti', 'key', 'sub', 'client', 'kid'] as const;
type Level = (typeof levels)[number];

/** `client_id` of this deployment's own tokens: no client that could be revoked. */
const ownClient = 'keyport';
/** As the `jti` of tokens that Keyport makes may be; that of another issuer may be any text. */
const ownTokenId = /^[\w-]{1,128}$/;

/**
 * What a request revokes. `iss` of this deployment, by any of its addresses, is the same as none. Throws
 * VALIDATION_FAILED naming what is too much, missing or impossible.
 */
export function targetOf(asked: AskedRevocation, isOwnIssuer: (issuer: string) => boolean): RevocationTarget {
  const named = levels.filter((level) => asked[level] !== undefined);
  const [level, other] = named;
  const { iss } = asked;
  const issuer = iss === undefined || isOwnIssuer(iss) ? undefined : iss;
  if (other) throw invalid(other, 'too_many', `name one only: there is ${String(level)} already`);
  if (level === undefined && iss === undefined)
    throw invalid('body', 'missing', `name one of ${levels.join(', ')}, iss`);
  if (level === undefined) return { level: 'iss', issuer };
  if (iss !== undefined && level !== 'jti' && level !== 'sub')
    throw invalid('iss', 'too_many', `goes with jti or sub, not with ${level}`);
  return targetAt(level, String(asked[level]), issuer);
}

function targetAt(level: Level, text: string, issuer: string | undefined): RevocationTarget {
  switch (level) {
    case 'jti':
      if (issuer === undefined && !ownTokenId.test(text))
        throw invalid('jti', 'invalid', 'no token of this deployment has such an id');
      return { level, issuer, jti: text };
    case 'key':
      return { level, keyId: text };
    case 'sub':
      return { level, issuer, subject: text };
    case 'client':
      if (text === ownClient)
        throw invalid('client', 'invalid', 'these are all tokens of this deployment: name its iss');
      return { level, clientId: text };
    case 'kid':
      return { level, kid: text };
  }
}

/**
 * Seconds since the epoch of the cutoff; null for altogether. A principal or an issuer, who go on to exist, lose what was
 * issued until now. Throws VALIDATION_FAILED for a cutoff in the future: it would shut out who signs in anew.
 */
export function cutoffOf(
  { level }: Pick<RevocationTarget, 'level'>,
  notBefore: string | undefined,
  now: Date,
): Date | null {
  if (notBefore === undefined) return level === 'sub' || level === 'iss' ? now : null;
  const cutoff = new Date(notBefore);
  if (cutoff.getTime() > now.getTime() + clockSkewSeconds * 1000)
    throw invalid('notBefore', 'invalid', 'must not lie in the future');
  return cutoff;
}

function invalid(path: string, code: string, message: string): KeyportError {
  const errors: FieldProblem[] = [{ path, code, message }];
  return new KeyportError('VALIDATION_FAILED', {}, { errors });
}
