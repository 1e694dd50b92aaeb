import { createHash } from 'node:crypto';
import type { Identity } from './identity.ts';

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
  const { keyId, sessionId, clientId, publicKeyId, userId } = identity;
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
  ];
  return [...new Set(targets.flatMap((target) => (target ? [revocationKey(target)] : [])))];
}

/** Self-issued tokens have an issuer of their own each; all else bears this deployment's, whatever its address was. */
const isOwn = ({ publicKeyId }: Identity): boolean => publicKeyId === undefined;

const tag = (...parts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
