import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';

const text = z.string().min(1).max(512);

/**
 * What is revoked: exactly one of a token (`jti`, of this deployment unless `iss` is given), a key, a principal (`sub`
 * with `iss`; without it this deployment's), a client, a signing or public key (`kid`), or all of an issuer (`iss`
 * alone). With `notBefore`, what was issued earlier ends; without it, a token, key, `kid` or client ends altogether, and of a
 * principal or an issuer what was issued until now. Of several that apply, the latest cutoff wins.
 */
export const createRevocationSchema = z
  .strictObject({
    jti: text.optional(),
    key: text.optional(),
    sub: text.optional(),
    iss: text.optional(),
    client: text.optional(),
    kid: text.optional(),
    notBefore: instant.optional(),
    reason: z.string().max(500).optional(),
  })
  .meta({ id: 'CreateRevocation' });

export const revocationSchema = createRevocationSchema
  .extend({
    id: z.string(),
    createdAt: instant,
    /** Who revoked it: a principal's `sub`. */
    createdBy: z.string(),
    /** When it no longer matters and goes; null where that cannot be known. */
    endsAt: instant.nullable(),
  })
  .meta({ id: 'Revocation' });

export const revocationListSchema = listOf(revocationSchema).meta({ id: 'RevocationList' });

/** Resolves once the revocation is stored by a majority and shown on the bus. */
export const createRevocation = defineRequest({
  subject: 'auth.v1.revocations.create',
  request: createRevocationSchema,
  reply: revocationSchema,
  timeoutMs: 10_000,
});

export const listRevocations = defineRequest({
  subject: 'auth.v1.revocations.list',
  request: pageRequest,
  reply: revocationListSchema,
  idempotent: true,
});

/** Lifts a revocation made by {@link createRevocation}. That of a key which its holder revoked stays. */
export const deleteRevocation = defineRequest({
  subject: 'auth.v1.revocations.delete',
  request: z.object({ revocationId: z.string() }),
  reply: empty,
  idempotent: true,
});
