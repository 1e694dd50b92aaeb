import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { empty, instant } from '../shapes.ts';

/** Standby: published, so that all know it before it signs. Previous: signs no more, still verifies. */
export const signingKeyState = z.enum(['standby', 'current', 'previous', 'revoked']).meta({ id: 'SigningKeyState' });
export type SigningKeyState = z.output<typeof signingKeyState>;

export const signingKeySchema = z
  .object({
    kid: z.string(),
    state: signingKeyState,
    alg: z.string(),
    createdAt: instant,
    /** When it began to sign, stopped signing, and was revoked. */
    currentSince: instant.nullable(),
    previousSince: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'SigningKey' });

export const signingKeyListSchema = z.object({ items: z.array(signingKeySchema) }).meta({ id: 'SigningKeyList' });

export const listSigningKeys = defineRequest({
  subject: 'auth.v1.signing-keys.list',
  request: empty,
  reply: signingKeyListSchema,
  idempotent: true,
});

/** Waits until the standby key has been published for as long as the key set may be cached, then lets it sign. */
export const rotateSigningKeys = defineRequest({
  subject: 'auth.v1.signing-keys.rotate',
  request: empty,
  reply: signingKeyListSchema,
  timeoutMs: 60_000,
});

/** Ends every token that the key signed, at once. Where it was the current one, the standby key takes its place. */
export const revokeSigningKey = defineRequest({
  subject: 'auth.v1.signing-keys.revoke',
  request: z.object({ kid: z.string() }),
  reply: empty,
  idempotent: true,
  timeoutMs: 10_000,
});
