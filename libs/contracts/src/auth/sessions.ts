import { z } from 'zod';
import { authorizationDetails } from '../authorization-details.ts';
import { defineRequest } from '../define.ts';
import { empty, instant } from '../shapes.ts';
import { role } from './users.ts';

/** Characters; argon2id would take any, a person types no more. */
export const newPassword = z.string().min(12, 'must have at least 12 characters').max(1024);
const password = z.string().min(1).max(1024);

/** Where a request came from, as the gateway saw it: what counts as one address, so an IPv4 address or an IPv6 /64. */
const address = z.string().max(64);

export const loginSchema = z.strictObject({ email: z.email().max(254), password }).meta({ id: 'Login' });

export const sessionSchema = z
  .object({
    accessToken: z.string(),
    tokenType: z.literal('Bearer'),
    /** Seconds. */
    expiresIn: z.number().int(),
    /** Good once; the reply to its use holds the next one. */
    refreshToken: z.string(),
  })
  .meta({ id: 'Session' });

export const refreshSchema = z.strictObject({ refreshToken: z.string().min(1).max(1024) }).meta({ id: 'Refresh' });

export const changePasswordSchema = z
  .strictObject({ currentPassword: password, newPassword })
  .meta({ id: 'ChangePassword' });

const source = z
  .object({
    /** What gives a right: what the token says, the ceilings of its key and its client, what its owner may do now. */
    token: z.array(z.string()),
    key: z.array(z.string()).nullable(),
    client: z.array(z.string()).nullable(),
    owner: z.object({ id: z.string(), role, scopes: z.array(z.string()) }).nullable(),
  })
  .meta({ id: 'RightsSource' });

export const meSchema = z
  .object({
    subject: z.string(),
    issuer: z.string(),
    kind: z.enum(['session', 'key', 'self-issued', 'client', 'exchanged', 'external']),
    /** What the token may do now: what all its sources give. */
    scopes: z.array(z.string()),
    /** Rows and fields that every dataset right is narrowed to; null where it is not. */
    authorizationDetails: authorizationDetails.nullable(),
    /** Each effective right, and the scopes of each source that it comes from. */
    rights: z.array(
      z.object({
        scope: z.string(),
        from: z.object({
          token: z.string(),
          key: z.string().nullable(),
          client: z.string().nullable(),
          owner: z.string().nullable(),
        }),
      }),
    ),
    sources: source,
    issuedAt: instant,
    expiresAt: instant,
    tokenId: z.string(),
    key: z.string().nullable(),
    /** The OAuth 2 client that the token was given to; null where there is none. */
    client: z.string().nullable(),
  })
  .meta({ id: 'Me' });

export const inspectTokenSchema = z.strictObject({ token: z.string().min(1) }).meta({ id: 'InspectToken' });

export const tokenInspectionSchema = z
  .object({
    /** What the token says of itself, believed or not; null where it cannot be read. */
    header: z.record(z.string(), z.unknown()).nullable(),
    claims: z.record(z.string(), z.unknown()).nullable(),
    /** In the order in which they are made; `ok` is null for checks behind the first that failed. */
    checks: z.array(z.object({ name: z.string(), ok: z.boolean().nullable(), detail: z.string() })),
    active: z.boolean(),
  })
  .meta({ id: 'TokenInspection' });

/** Throws LOGIN_FAILED, and LOGIN_THROTTLED with the seconds to wait. */
export const login = defineRequest({
  subject: 'auth.v1.login',
  request: loginSchema.extend({ address }),
  reply: sessionSchema,
  authority: 'anyone',
  timeoutMs: 10_000,
});

/** A refresh token that was used before ends its whole family: REFRESH_REUSED. */
export const refreshSession = defineRequest({
  subject: 'auth.v1.sessions.refresh',
  request: refreshSchema,
  reply: sessionSchema,
  authority: 'anyone',
});

/** Ends the session of the caller: its refresh tokens and its access tokens. A key or a self-issued token ends itself. */
export const logout = defineRequest({
  subject: 'auth.v1.sessions.logout',
  request: empty,
  reply: empty,
  idempotent: true,
});

/** From a session only. Ends every other session of the user. */
export const changePassword = defineRequest({
  subject: 'auth.v1.sessions.change-password',
  request: changePasswordSchema.extend({ address }),
  reply: empty,
  timeoutMs: 10_000,
});
