import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { scope } from '../scopes.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';
import { usageLimits } from './keys.ts';

const secondsPerDay = 24 * 3600;

/** No token signed with a registered public key lives for longer. */
export const maxPublicKeyLifetimeSeconds = 366 * secondsPerDay;

export const createPublicKeySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    /** A public JWK (RFC 7517): Ed25519, P-256, or RSA of 2048 bits or more. Private members are refused. */
    jwk: z.record(z.string().max(32), z.unknown()),
    /** No token signed with it may do more. */
    scopes: z.array(scope).min(1).max(200),
    /** Longest `exp - iat` of a token signed with it. */
    maxLifetimeSeconds: z.number().int().min(1).max(maxPublicKeyLifetimeSeconds).default(3600),
    limits: usageLimits.optional(),
  })
  .meta({ id: 'CreatePublicKey' });

export const publicKeySchema = z
  .object({
    id: z.string(),
    /** Whose key it is: a user's id. */
    owner: z.string(),
    name: z.string(),
    /** What a token signed with it must say: `kid` in the header, `iss`, `sub` and `aud` among the claims. */
    kid: z.string(),
    issuer: z.string(),
    subject: z.string(),
    audience: z.string(),
    alg: z.string(),
    jwk: z.record(z.string(), z.unknown()),
    scopes: z.array(z.string()),
    maxLifetimeSeconds: z.number().int(),
    limits: usageLimits,
    createdAt: instant,
    /** When it ends with the key that it was registered through; null where it does not end by itself. */
    expiresAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'PublicKey' });

export const publicKeyListSchema = listOf(publicKeySchema).meta({ id: 'PublicKeyList' });

export const listPublicKeysSchema = pageRequest.extend({
  /** Another user's; for owners and admins. */
  owner: z.string().max(64).optional(),
});

export const createPublicKey = defineRequest({
  subject: 'auth.v1.public-keys.create',
  request: createPublicKeySchema,
  reply: publicKeySchema,
});

export const listPublicKeys = defineRequest({
  subject: 'auth.v1.public-keys.list',
  request: listPublicKeysSchema,
  reply: publicKeyListSchema,
  idempotent: true,
});

export const getPublicKey = defineRequest({
  subject: 'auth.v1.public-keys.get',
  request: z.object({ publicKeyId: z.string() }),
  reply: publicKeySchema,
  idempotent: true,
});

/** Ends every token signed with it, and every key minted through one. */
export const revokePublicKey = defineRequest({
  subject: 'auth.v1.public-keys.revoke',
  request: z.object({ publicKeyId: z.string() }),
  reply: empty,
  idempotent: true,
});
