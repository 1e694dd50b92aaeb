import { z } from 'zod';
import { defineRequest } from './define.ts';
import { datasetAction, scope } from './scopes.ts';
import { datasetName, empty, instant, jobId, listOf, pageRequest } from './shapes.ts';

export const loginSchema = z
  .strictObject({ email: z.email().max(254), password: z.string().min(1).max(1024) })
  .meta({ id: 'Login' });

export const sessionSchema = z
  .object({
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    /** Seconds. */
    expiresIn: z.number().int(),
    refreshToken: z.string().optional(),
  })
  .meta({ id: 'Session' });

export const createKeySchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200),
    scopes: z.array(scope).min(1).max(200),
    expiresInSeconds: z.number().int().min(1).optional(),
  })
  .meta({ id: 'CreateKey' });

export const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'Key' });

export const mintedKeySchema = z.object({ token: z.string(), key: keySchema }).meta({ id: 'MintedKey' });
export const keyListSchema = listOf(keySchema).meta({ id: 'KeyList' });

export const meSchema = z
  .object({
    subject: z.string(),
    issuer: z.string(),
    kind: z.enum(['session', 'key']),
    scopes: z.array(z.string()),
    expiresAt: instant,
    tokenId: z.string(),
    key: z.string().nullable(),
  })
  .meta({ id: 'Me' });

export const login = defineRequest({
  subject: 'auth.v1.login',
  request: loginSchema,
  reply: sessionSchema,
  authority: 'anyone',
  timeoutMs: 10_000,
});

export const createKey = defineRequest({
  subject: 'auth.v1.keys.create',
  request: createKeySchema,
  reply: mintedKeySchema,
});

export const listKeys = defineRequest({
  subject: 'auth.v1.keys.list',
  request: pageRequest,
  reply: keyListSchema,
  idempotent: true,
});

export const getKey = defineRequest({
  subject: 'auth.v1.keys.get',
  request: z.object({ keyId: z.string() }),
  reply: keySchema,
  idempotent: true,
});

export const revokeKey = defineRequest({
  subject: 'auth.v1.keys.revoke',
  request: z.object({ keyId: z.string() }),
  reply: empty,
  idempotent: true,
});

/**
 * Asked by import and export when a job is accepted, with the caller's context: freezes the caller's rights on one
 * dataset into a signed grant that outlives the token. The grant's `jti` is the job's id.
 */
export const createGrant = defineRequest({
  subject: 'auth.v1.grants.create',
  request: z.object({
    jobId,
    dataset: datasetName,
    /** Dataset actions the job needs, such as `records:create`. */
    actions: z.array(datasetAction).min(1).max(20),
  }),
  reply: z.object({ grant: z.string() }),
  idempotent: true,
});

/**
 * Asked by import for events on `ingest.v1.<dataset>`: NATS alone says who may publish there, so there is no caller
 * whose rights could be frozen. The grant lets records of this dataset be created and changed, for an hour. NATS
 * permissions let nobody but import ask.
 */
export const createIngestGrant = defineRequest({
  subject: 'auth.v1.grants.ingest',
  request: z.object({ dataset: datasetName }),
  reply: z.object({ grant: z.string() }),
  idempotent: true,
  authority: 'anyone',
});

/** A JWK (RFC 7517) as the key set publishes it; public halves only. */
export const publicJwk = z.looseObject({ kid: z.string(), kty: z.string(), alg: z.string() });

/** KV `jwks`, one entry a signing key: `<kid>`. */
export const jwksEntry = z.object({
  jwk: publicJwk,
  /** Every `iss` that the key signs under: the deployment's public address now, and those it had before. */
  issuers: z.array(z.string()).default([]),
});
export type JwksEntry = z.output<typeof jwksEntry>;

/**
 * KV `revocations`: what was revoked, and until when the entry must be kept, both in seconds since the epoch. Keys:
 * `jti.<jti>`, `key.<key id>`.
 */
export const revocationEntry = z.object({ revokedAt: z.number().int(), expiresAt: z.number().int().nullable() });
export type RevocationEntry = z.output<typeof revocationEntry>;

/** KV `context-keys`, one entry a gateway process: the public half that its caller contexts are signed with. */
export const contextKeyEntry = z.object({ jwk: publicJwk });
