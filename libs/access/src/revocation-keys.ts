import { createHash } from 'node:crypto';
import { isExternal, type Identity } from './identity.ts';

/** What a revocation names. An `issuer` of undefined is this deployment, whatever its public address was. */
export type RevocationTarget =
  | { readonly level: 'jti'; readonly issuer?: string | undefined; readonly jti: string }
  | { readonly level: 'key'; readonly keyId: string }
  | { readonly level: 'sub'; readonly issuer?: string | undefined; readonly subject: string }
  | { readonly level: 'client'; readonly clientId: string }
  | { readonly level: 'kid'; readonly kid: string }
  | { readonly level: 'iss'; readonly issuer: string | undefined }
  | { readonly level: 'sid'; readonly sessionId: string };

/** Key of KV `revocations` for a target; what others chose freely is hashed to the characters that a key may have. */
export function revocationKey(target: RevocationTarget): string {
  switch (target.level) {
    case 'jti':
      return target.issuer === undefined ? `jti.${target.jti}` : `jti.${tag(target.issuer, target.jti)}.x`;
    case 'key':
      return `key.${tag(target.keyId)}`;
    case 'sub':
      return `sub.${tag(target.issuer ?? '', target.subject)}`;
    case 'client':
      return `client.${tag(target.clientId)}`;
    case 'kid':
      return `kid.${tag(target.kid)}`;
    case 'iss':
      return `iss.${tag(target.issuer ?? '')}`;
    case 'sid':
      return `sid.${tag(target.sessionId)}`;
  }
}

/**
 * Every key of KV `revocations` that ends this token: of itself, of what it was minted through, and of all that it
 * depends on. Made once a token; asked on every request.
 */
export function revocationKeysOf(identity: Identity, isOwnIssuer = isOwn(identity)): readonly string[] {
  const issuer = isOwnIssuer ? undefined : identity.issuer;
  const { keyId, sessionId, clientId, publicKeyId, userId, origin } = identity;
  const targets: (RevocationTarget | undefined)[] = [
    { level: 'jti', issuer, jti: identity.tokenId },
    { level: 'sub', issuer, subject: identity.subject },
    { level: 'iss', issuer },
    { level: 'kid', kid: identity.signedBy },
    keyId === undefined ? undefined : { level: 'key', keyId },
    sessionId === undefined ? undefined : { level: 'sid', sessionId },
    clientId === undefined ? undefined : { level: 'client', clientId },
    publicKeyId === undefined ? undefined : { level: 'kid', kid: publicKeyId },
    // Who revokes a user means all that acts for them, whichever issuer it names.
    userId === undefined ? undefined : { level: 'sub', subject: userId },
    ...identity.ancestors.map((jti) => ({ level: 'jti' as const, jti })),
    ...(origin?.kids ?? []).map((kid) => ({ level: 'kid' as const, kid })),
    ...(origin?.clients ?? []).map((client) => ({ level: 'client' as const, clientId: client })),
    origin?.sid === undefined ? undefined : { level: 'sid', sessionId: origin.sid },
  ];
  return keysOf(targets);
}

/** What ends the token of another issuer that this one was given for; counted from the `iat` of that one. */
export function revocationKeysOfOrigin({ origin }: Identity): readonly string[] {
  if (!origin?.ext) return [];
  const { iss: issuer, sub, jti, kid } = origin.ext;
  return keysOf([
    jti === undefined ? undefined : { level: 'jti', issuer, jti },
    { level: 'sub', issuer, subject: sub },
    { level: 'iss', issuer },
    { level: 'kid', kid },
  ]);
}

/** What was exchanged ends with the first of what it was exchanged from: seconds since the epoch. */
export const revokedFrom = ({ issuedAt, origin }: Identity): number => Math.min(issuedAt, origin?.iat ?? issuedAt);

const keysOf = (targets: readonly (RevocationTarget | undefined)[]): readonly string[] => [
  ...new Set(targets.flatMap((target) => (target ? [revocationKey(target)] : []))),
];

/** Self-issued tokens have an issuer of their own each, others theirs; all else bears this deployment's, whatever its address was. */
const isOwn = (identity: Identity): boolean => identity.publicKeyId === undefined && !isExternal(identity);

const tag = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
