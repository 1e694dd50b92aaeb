import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { empty, instant, listOf, pageRequest } from '../shapes.ts';

export const signInSchema = z
  .object({
    id: z.string(),
    /** The device or program that it was approved for; null for one's own, with email and password. */
    client: z.object({ id: z.string(), name: z.string() }).nullable(),
    /** What it may do at most; null for all that the person may. */
    scopes: z.array(z.string()).nullable(),
    /** Whether its refresh tokens are bound to a key that the device holds (RFC 9449). */
    isBoundToKey: z.boolean(),
    createdAt: instant,
    expiresAt: instant,
    /** The one that asks. */
    isCurrent: z.boolean(),
  })
  .meta({ id: 'SignIn' });

export const signInListSchema = listOf(signInSchema).meta({ id: 'SignInList' });

/** One's own that live, the newest first. By a signed-in person alone: SESSION_NEEDED. */
export const listSessions = defineRequest({
  subject: 'auth.v1.sessions.list',
  request: pageRequest,
  reply: signInListSchema,
  idempotent: true,
});

/** Ends one of one's own, with its tokens and the jobs that they started: SESSION_NEEDED, SESSION_NOT_FOUND. */
export const endSession = defineRequest({
  subject: 'auth.v1.sessions.end',
  request: z.object({ sessionId: z.string().max(64) }),
  reply: empty,
  idempotent: true,
});
