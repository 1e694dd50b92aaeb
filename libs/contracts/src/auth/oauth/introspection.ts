import { z } from 'zod';
import { authorizationDetails } from '../../authorization-details.ts';
import { defineRequest } from '../../define.ts';
import { empty } from '../../shapes.ts';
import { clientAuthentication } from './client-authentication.ts';

/** RFC 7662 §2.1, RFC 7009 §2.1. A hint that is wrong or not known changes nothing: each kind of token tells itself. */
export const presentedTokenSchema = z.object({
  token: z
    .string()
    .min(1)
    .max(16 * 1024),
  token_type_hint: z.string().max(200).optional(),
});

/** RFC 7662 §2.2, RFC 9449 §6.2, RFC 9396 §9.2. `scope` is what the token may do now, not what it says. */
export const introspectionSchema = z
  .object({
    active: z.boolean(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    token_type: z.enum(['Bearer', 'DPoP', 'refresh_token']).optional(),
    exp: z.number().int().optional(),
    iat: z.number().int().optional(),
    nbf: z.number().int().optional(),
    sub: z.string().optional(),
    aud: z.string().optional(),
    iss: z.string().optional(),
    jti: z.string().optional(),
    cnf: z.object({ jkt: z.string() }).optional(),
    authorization_details: authorizationDetails.optional(),
  })
  .meta({ id: 'TokenIntrospection' });
export type Introspection = z.output<typeof introspectionSchema>;

/** Asked by who holds `tokens:introspect`. */
export const introspectToken = defineRequest({
  subject: 'auth.v1.tokens.introspect',
  request: presentedTokenSchema,
  reply: introspectionSchema,
  idempotent: true,
});

const fromClient = presentedTokenSchema.extend({ client: clientAuthentication, address: z.string().max(64) });

/** Asked by a client: of its own tokens, or of all where its rights say `tokens:introspect`. An assertion is good once. */
export const introspectTokenAsClient = defineRequest({
  subject: 'auth.v1.oauth.introspect',
  request: fromClient,
  reply: introspectionSchema,
  authority: 'anyone',
});

/** RFC 7009. A client ends its own tokens; a request that names no client ends what it holds. What is no token is none. */
export const revokeToken = defineRequest({
  subject: 'auth.v1.oauth.revoke',
  request: fromClient,
  reply: empty,
  authority: 'anyone',
});
