import { z } from 'zod';

const text = z.string().min(1).max(512);
/** Ids that also are keys of the revocation projection. */
const tokenId = z.string().regex(/^[\w-]{1,128}$/);
const seconds = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Ancestors beyond four are refused (a key that mints a key that mints …). */
const ancestors = z.array(tokenId).max(4).default([]);

/** `typ` of each kind of token. */
export const tokenTypes = {
  access: 'at+jwt',
  context: 'keyport-context+jwt',
  grant: 'keyport-grant+jwt',
} as const;

/** Longest life of an access token: ten years, for deployments whose policy allows keys without an end. */
export const maxAccessLifetimeSeconds = 10 * 366 * 24 * 3600;
export const maxContextLifetimeSeconds = 60;
/** A job may wait and run for so long. */
export const maxGrantLifetimeSeconds = 30 * 24 * 3600;

/** `aud` of contexts and grants, which no HTTP endpoint accepts. */
export const busAudience = 'keyport-bus';

/** RFC 9068 §2.2, with `key` (id of the API key) and `anc` (`jti` of up to four ancestors). */
export const accessClaims = z.looseObject({
  iss: text,
  sub: text,
  aud: text,
  client_id: text,
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  jti: tokenId,
  scope: z.string().max(8192),
  key: tokenId.optional(),
  anc: ancestors,
});
export type AccessClaims = z.output<typeof accessClaims>;

/** What a gateway vouches for on the bus: the caller's identity and effective rights, for at most a minute. */
export const contextClaims = z.looseObject({
  iss: text,
  sub: text,
  aud: text,
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  jti: tokenId,
  scope: z.string().max(8192),
  key: tokenId.optional(),
  anc: ancestors,
});

/** What auth vouches for while a job runs: rights frozen at its creation, and the token they came from (`src`). */
export const grantClaims = z.looseObject({
  iss: text,
  sub: text,
  aud: text,
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  /** The job's id. */
  jti: tokenId,
  /** `jti` of the token that started the job. */
  src: tokenId,
  scope: z.string().max(8192),
  key: tokenId.optional(),
  anc: ancestors,
});
