import type { AuthorizationDetail, PublicKeyRights } from '@keyport/contracts';
import type { AccessClaims, ContextClaims, GrantClaims, LinkClaims } from './claims.ts';
import { scopesOf } from './rights.ts';

/** What a verified token says of its holder: the same whichever kind it is, at the gateway and inside the bus. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** `jti` of the token that the rights came from. */
  readonly tokenId: string;
  /** Its `iat`, seconds since the epoch. */
  readonly issuedAt: number;
  /** `kid` of the key that signed it. */
  readonly signedBy: string;
  /** Id of the API key; a session and a self-issued token have none. */
  readonly keyId: string | undefined;
  /** Id of the sign-in that a session's token belongs to. */
  readonly sessionId: string | undefined;
  /** `kid` of the registered public key that verifies a self-issued token. */
  readonly publicKeyId: string | undefined;
  /** The user whose rights of the moment cut these; undefined for what belongs to no user. */
  readonly userId: string | undefined;
  readonly clientId: string | undefined;
  /** What it was minted through, nearest first: ids of API keys, and `kid` of registered public keys. */
  readonly ancestors: readonly string[];
  /** What the token says; what it may do now is decided with the rights view. */
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[] | undefined;
}

/** Whose authority came with a request on the bus. */
export interface CallerIdentity extends Identity {
  /** Set where a job acts by its grant, not a person or program by a token. */
  readonly jobId: string | undefined;
}

/** Twelve bytes as hex: what users' ids look like, and no other subject of this deployment. */
export const isUserId = (subject: string): boolean => /^[0-9a-f]{24}$/.test(subject);

type RegisteredKey = Pick<PublicKeyRights, 'userId'> & Partial<Pick<PublicKeyRights, 'ancestors'>>;

/** Of an access token that verified with the signing key `kid`, or with a registered public key. */
export function identityOf(claims: AccessClaims, kid: string, publicKey?: RegisteredKey): Identity {
  return {
    issuer: claims.iss,
    subject: claims.sub,
    tokenId: claims.jti,
    issuedAt: claims.iat,
    signedBy: kid,
    keyId: claims.key,
    sessionId: claims.sid,
    publicKeyId: publicKey && kid,
    userId: publicKey?.userId ?? (isUserId(claims.sub) ? claims.sub : undefined),
    clientId: claims.client_id,
    // A self-issued token has none of its own; its public key may have been registered through a key.
    ancestors: publicKey?.ancestors ?? claims.anc,
    scopes: scopesOf(claims.scope),
    details: claims.authorization_details,
  };
}

/** Of a caller context or job grant that verified with the key `kid`. */
export function identityOfAuthority(claims: ContextClaims | GrantClaims, kid: string): CallerIdentity {
  const job = 'src' in claims ? (claims as GrantClaims) : undefined;
  return {
    issuer: claims.iss,
    subject: claims.sub,
    tokenId: job?.src ?? claims.jti,
    issuedAt: claims.tiat ?? claims.iat,
    signedBy: claims.tkid ?? kid,
    keyId: claims.key,
    sessionId: claims.sid,
    publicKeyId: claims.pk,
    userId: claims.usr,
    clientId: claims.cid,
    ancestors: claims.anc,
    scopes: scopesOf(claims.scope),
    details: claims.authorization_details,
    jobId: job?.jti,
  };
}

/** Of a link to a file that verified with the signing key `kid`: whoever made it. */
export function identityOfLink({ src, ...claims }: LinkClaims, kid: string): Identity {
  return identityOfAuthority({ ...claims, jti: src }, kid);
}

/**
 * Claims of a context or grant that say whom it stands for, so that {@link identityOfAuthority} reads the same identity.
 * `jti`, `src`, `scope` and `authorization_details` are for the caller to add.
 */
export function authorityClaims(identity: Identity): Record<string, unknown> {
  const { keyId, sessionId, publicKeyId, userId, clientId, ancestors } = identity;
  return {
    iss: identity.issuer,
    sub: identity.subject,
    tiat: identity.issuedAt,
    tkid: identity.signedBy,
    ...(keyId !== undefined && { key: keyId }),
    ...(sessionId !== undefined && { sid: sessionId }),
    ...(publicKeyId !== undefined && { pk: publicKeyId }),
    ...(userId !== undefined && { usr: userId }),
    ...(clientId !== undefined && { cid: clientId }),
    ...(ancestors.length > 0 && { anc: ancestors }),
  };
}

/** `(iss, sub)`: the same `sub` of two issuers is two principals. */
export const principalKey = ({ issuer, subject }: Identity): string => `${issuer}|${subject}`;
