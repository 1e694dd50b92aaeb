import { authorizationDetails, maxLinkSeconds } from '@keyport/contracts';
import { z } from 'zod';

const text = z.string().min(1).max(512);
/** Ids that also are keys of the revocation projection. */
const tokenId = z.string().regex(/^[\w-]{1,128}$/, 'must be 1 to 128 letters, digits, _ or -');
const keyId = z.string().regex(/^[\w.:-]{1,200}$/);
const seconds = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Ancestors beyond four are refused (a key that mints a key that mints …). */
const ancestors = z.array(tokenId).max(4).default([]);

/** `typ` of each kind of token. */
export const tokenTypes = {
  access: 'at+jwt',
  context: 'keyport-context+jwt',
  grant: 'keyport-grant+jwt',
  link: 'keyport-link+jwt',
} as const;

/** Longest life of an access token: ten years, for deployments whose policy allows keys without an end. */
export const maxAccessLifetimeSeconds = 10 * 366 * 24 * 3600;
export const maxContextLifetimeSeconds = 60;
/** A job may wait and run for so long. */
export const maxGrantLifetimeSeconds = 30 * 24 * 3600;

export const maxLinkLifetimeSeconds = maxLinkSeconds;

/** `aud` of contexts and grants, which no HTTP endpoint accepts. */
export const busAudience = 'keyport-bus';

/** `aud` of a link: the file of one export, and no API. */
export const fileAudience = (exportId: string): string => `keyport-file:${exportId}`;

/** A token of another issuer, or a self-issued one, that this one was given for. */
const exchangedFor = z.object({ iss: text, sub: text, jti: text.optional(), kid: text, iat: seconds });

/**
 * What only exchanged tokens say: all that ends what they were exchanged from, and so ends them too, beside `anc`.
 * `iat` is the earliest of those that this deployment signed, `exp` the token's own.
 */
const origin = z.object({
  iat: seconds,
  exp: seconds,
  kids: z.array(text).max(8),
  clients: z.array(text).max(8).default([]),
  sid: tokenId.optional(),
  ext: exchangedFor.optional(),
});
export type OriginClaim = z.output<typeof origin>;

/** What every kind of token says; times are seconds since the epoch. */
const everyToken = {
  iss: text,
  sub: text,
  aud: text,
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  jti: tokenId,
  scope: z.string().max(8192),
  /** RFC 9396. */
  authorization_details: authorizationDetails.optional(),
  /** Id of the API key. */
  key: tokenId.optional(),
  /** Id of the sign-in that a session's token belongs to. */
  sid: tokenId.optional(),
  /** What it was minted through, nearest first: ids of API keys, `kid` of registered public keys, `jti` of tokens. */
  anc: ancestors,
  /** Id of the registered issuer that it came from. */
  idp: tokenId.optional(),
  origin: origin.optional(),
};

/** RFC 9449 §6.1. A confirmation by other means (RFC 7800) is none that could be asked for here, so it is refused. */
const confirmation = z.strictObject({ jkt: z.string().regex(/^[\w-]{43}$/) });

/** RFC 9068 §2.2. Who signs for themselves is no client, and may leave `client_id` out. */
export const accessClaims = z.looseObject({
  ...everyToken,
  client_id: text.optional(),
  cnf: confirmation.optional(),
});
export type AccessClaims = z.output<typeof accessClaims>;

/** What contexts and grants repeat of the token that they stand for; made by `authorityClaims`. */
const ofTheToken = {
  ...everyToken,
  /** Other issuers choose theirs freely. */
  jti: text,
  /** `kid` of the registered public key that a self-issued token verified with. */
  pk: keyId.optional(),
  /** Id of the user whose rights of the moment cut these. */
  usr: text.optional(),
  /** `client_id`. */
  cid: text.optional(),
  /** The token's own `iat` and `kid`; those of the context or grant where it stands for no token. */
  tiat: seconds.optional(),
  tkid: text.optional(),
};

/** What a gateway vouches for on the bus: the caller's identity and effective rights, for at most a minute. */
export const contextClaims = z.looseObject(ofTheToken);
export type ContextClaims = z.output<typeof contextClaims>;

/** What auth vouches for while a job runs: rights frozen at its creation (`jti` is its id), and the token they came from. */
export const grantClaims = z.looseObject({
  ...ofTheToken,
  /** `jti` of the token that started the job. */
  src: text,
});
export type GrantClaims = z.output<typeof grantClaims>;

/** What auth vouches for when a link to a file is made: whose it is, and which token it was made with. */
export const linkClaims = z.looseObject({
  ...ofTheToken,
  /** `jti` of the token that the link was made with, and ends with. */
  src: text,
});
export type LinkClaims = z.output<typeof linkClaims>;
