import { z } from 'zod';
import { authorizationDetails } from '../authorization-details.ts';
import { defineRequest } from '../define.ts';
import { scope } from '../scopes.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';

const name = z.string().trim().min(1).max(200);

/** How much a key, or another holder of tokens, may use; what is not named has the deployment's default. */
export const usageLimits = z
  .strictObject({
    /** Counted by each gateway for itself. */
    requestsPerSecond: z.number().int().min(1).max(1_000_000).optional(),
    /** Requests at once, before `requestsPerSecond` holds. */
    burst: z.number().int().min(1).max(1_000_000).optional(),
    /** By UTC day. */
    importsPerDay: z.number().int().min(0).max(1_000_000_000).optional(),
    /** Bytes of uploads as sent, by UTC day. */
    importBytesPerDay: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
    /** Imports that have not ended. */
    concurrentImports: z.number().int().min(0).max(100_000).optional(),
  })
  .meta({ id: 'UsageLimits' });
export type UsageLimits = z.output<typeof usageLimits>;

export const createKeySchema = z
  .strictObject({
    name,
    scopes: z.array(scope).min(1).max(200),
    authorizationDetails: authorizationDetails.optional(),
    /** 90 days unless told; `never` where the deployment's policy allows it. */
    expiresInSeconds: z.union([z.number().int().min(1), z.literal('never')]).optional(),
    limits: usageLimits.optional(),
  })
  .meta({ id: 'CreateKey' });

/** `scopes` is the ceiling of the key: it may be lowered below what the token says, and raised again up to it. */
export const changeKeySchema = z
  .strictObject({
    name: name.optional(),
    scopes: z.array(scope).max(200).optional(),
    limits: usageLimits.optional(),
  })
  .meta({ id: 'ChangeKey' });

export const keySchema = z
  .object({
    id: z.string(),
    /** Whose key it is: a user's id. */
    owner: z.string(),
    name: z.string(),
    /** What the key may do at most now. */
    scopes: z.array(z.string()),
    authorizationDetails: authorizationDetails.nullable(),
    limits: usageLimits,
    createdAt: instant,
    /** Null where it does not end. */
    expiresAt: instant.nullable(),
    /** Exact to about ten seconds. */
    lastUsedAt: instant.nullable(),
    revokedAt: instant.nullable(),
    /** When the key's token was last replaced, and until when the one before lives. */
    rotatedAt: instant.nullable(),
    previousTokenEndsAt: instant.nullable(),
  })
  .meta({ id: 'Key' });

export const mintedKeySchema = z.object({ token: z.string(), key: keySchema }).meta({ id: 'MintedKey' });
export const keyListSchema = listOf(keySchema).meta({ id: 'KeyList' });

export const listKeysSchema = pageRequest.extend({
  /** Only keys that end within so many seconds from now and are not revoked, the next to end first. */
  endsWithinSeconds: z.coerce.number().int().min(0).max(1_000_000_000).optional(),
  /** Another user's keys; for owners and admins. */
  owner: z.string().max(64).optional(),
});

export const rotateKeySchema = z
  .strictObject({
    /** Seconds that the token until now goes on to live. */
    graceSeconds: z
      .number()
      .int()
      .min(0)
      .max(30 * 24 * 3600)
      .default(0),
  })
  .meta({ id: 'RotateKey' });

export const createKey = defineRequest({
  subject: 'auth.v1.keys.create',
  request: createKeySchema,
  reply: mintedKeySchema,
});

export const listKeys = defineRequest({
  subject: 'auth.v1.keys.list',
  request: listKeysSchema,
  reply: keyListSchema,
  idempotent: true,
});

export const getKey = defineRequest({
  subject: 'auth.v1.keys.get',
  request: z.object({ keyId: z.string() }),
  reply: keySchema,
  idempotent: true,
});

export const changeKey = defineRequest({
  subject: 'auth.v1.keys.change',
  request: changeKeySchema.extend({ keyId: z.string() }),
  reply: keySchema,
  idempotent: true,
});

/** A new token for the same key, with the life that the old one was given. */
export const rotateKey = defineRequest({
  subject: 'auth.v1.keys.rotate',
  request: rotateKeySchema.extend({ keyId: z.string() }),
  reply: mintedKeySchema,
});

export const revokeKey = defineRequest({
  subject: 'auth.v1.keys.revoke',
  request: z.object({ keyId: z.string() }),
  reply: empty,
  idempotent: true,
});

/**
 * What gateways saw used since they last told, so that no request writes to a database. NATS permissions let nobody but
 * gateways tell.
 */
export const reportUse = defineRequest({
  subject: 'auth.v1.keys.used',
  request: z.object({ keys: z.array(z.object({ keyId: z.string(), lastUsedAt: instant })).max(10_000) }),
  reply: empty,
  idempotent: true,
  authority: 'anyone',
});
