import { z } from 'zod';
import { scopeRuleSchema } from './issuers.ts';
import { usageLimits } from './keys.ts';
import { role } from './users.ts';
import { signingKeyState } from './signing-keys.ts';

/** A JWK (RFC 7517) as the key set publishes it; public halves only. */
export const publicJwk = z.looseObject({ kid: z.string(), kty: z.string(), alg: z.string() });

/** KV `jwks`, one entry a signing key that verifies: `<kid>`. A revoked key has none. */
export const jwksEntry = z.object({
  jwk: publicJwk,
  /** Every `iss` that the key signs under: the deployment's public address now, and those it had before. */
  issuers: z.array(z.string()).default([]),
  state: signingKeyState.default('current'),
});
export type JwksEntry = z.output<typeof jwksEntry>;

/**
 * KV `revocations`. Keys are made by `revocationKeys` of @keyport/access. A token is revoked where one of its keys has
 * an entry whose `before` is null (altogether) or later than the token's `iat` (seconds since the epoch). `expiresAt`:
 * when the entry no longer matters. `from`: it holds from then on only, by the clock of whoever reads it.
 */
export const revocationEntry = z.object({
  before: z.number().int().nullable(),
  expiresAt: z.number().int().nullable(),
  from: z.number().int().optional(),
});
export type RevocationEntry = z.output<typeof revocationEntry>;

/**
 * KV `rights`: what holders of tokens may do now.
 * `user.<id>`: every user; who has no entry may nothing. `key.<id>`: only keys whose ceiling was lowered below their
 * token's scopes, or that have limits of their own. `public-key.<kid>`: every registered public key that is not revoked.
 * `client.<client_id>`: every OAuth 2 client; the tokens of one that has no entry are good for nothing.
 * `issuer.<id>`: every registered issuer; what came from one that has no entry is good for nothing.
 */
export const rightsEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), role, scopes: z.array(z.string()), disabled: z.boolean() }),
  z.object({ kind: z.literal('key'), scopes: z.array(z.string()), limits: usageLimits }),
  z.object({ kind: z.literal('client'), scopes: z.array(z.string()) }),
  z.object({
    kind: z.literal('public-key'),
    jwk: publicJwk,
    issuer: z.string(),
    userId: z.string(),
    scopes: z.array(z.string()),
    maxLifetimeSeconds: z.number().int(),
    limits: usageLimits,
    /** What it was registered through and ends with: as `anc` of a token. */
    ancestors: z.array(z.string()).default([]),
    /** No token signed with it is good beyond, in seconds since the epoch; null where it does not end by itself. */
    expiresAt: z.number().int().nullable().default(null),
  }),
  z.object({
    kind: z.literal('issuer'),
    issuer: z.string(),
    audience: z.string(),
    typ: z.string().nullable(),
    trust: z.enum(['exchange', 'direct']),
    scopeMapping: z.array(scopeRuleSchema),
    ceiling: z.array(z.string()),
    maxLifetimeSeconds: z.number().int(),
    /** One entry a `kid` and algorithm. */
    keys: z.array(publicJwk),
  }),
]);
export type RightsEntry = z.output<typeof rightsEntry>;
export type UserRights = Extract<RightsEntry, { kind: 'user' }>;
export type KeyRights = Extract<RightsEntry, { kind: 'key' }>;
export type ClientRights = Extract<RightsEntry, { kind: 'client' }>;
export type IssuerRights = Extract<RightsEntry, { kind: 'issuer' }>;
export type PublicKeyRights = Extract<RightsEntry, { kind: 'public-key' }>;

/** KV `context-keys`, one entry a gateway process: the public half that its caller contexts are signed with. */
export const contextKeyEntry = z.object({ jwk: publicJwk });
