import type { AuthorizationDetail, PublicKeyRights } from '@keyport/contracts';
import type { AccessClaims, ContextClaims, GrantClaims, LinkClaims, OriginClaim } from './claims.ts';
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
  /** Id of the registered issuer that it came from, as it is or by exchange. */
  readonly issuerId?: string | undefined;
  /** Of an exchanged token: what ends it with what it was exchanged from. */
  readonly origin?: OriginClaim | undefined;
  /** What it was minted through, nearest first: ids of API keys, `kid` of registered public keys, `jti` of tokens. */
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

/** What ids of registered OAuth 2 clients look like; `keyport`, in sessions and keys, is none. */
export const isClientId = (text: string): boolean => /^client-[0-9a-f]{24}$/.test(text);

/** The registered client that the token was given to. Who signs for themselves is no client, whatever they call themselves. */
export const registeredClientOf = ({ clientId, publicKeyId }: Pick<Identity, 'clientId' | 'publicKeyId'>) =>
  publicKeyId === undefined && clientId !== undefined && isClientId(clientId) ? clientId : undefined;

/** The registered public key that a token was signed with, or exchanged from one that was. */
export const publicKeyBehind = ({
  publicKeyId,
  keyId,
  origin,
  ancestors,
}: Pick<Identity, 'publicKeyId' | 'keyId' | 'origin' | 'ancestors'>): string | undefined =>
  publicKeyId ?? (origin && keyId === undefined ? ancestors.find((id) => id.startsWith('pk-')) : undefined);

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
    issuerId: claims.idp,
    origin: claims.origin,
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
    issuerId: claims.idp,
    origin: claims.origin,
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
  const { keyId, sessionId, publicKeyId, userId, clientId, ancestors, issuerId, origin } = identity;
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
    ...(issuerId !== undefined && { idp: issuerId }),
    ...(origin && { origin }),
  };
}

/** Whether this deployment signed the token, or another issuer whose tokens are accepted as they are. */
export const isExternal = ({ issuerId, origin }: Identity): boolean => issuerId !== undefined && origin === undefined;

/** `(iss, sub)`: the same `sub` of two issuers is two principals. */
export const principalKey = ({ issuer, subject }: Identity): string => `${issuer}|${subject}`;
