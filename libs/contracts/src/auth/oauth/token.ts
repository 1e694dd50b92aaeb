import { z } from 'zod';
import { authorizationDetails } from '../../authorization-details.ts';
import { defineRequest } from '../../define.ts';
import { clientAuthentication } from './client-authentication.ts';

/** `scope` of a request (RFC 6749 §3.3): names joined with single spaces. */
export const scopeParameter = z
  .string()
  .max(8192)
  .regex(/^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/, 'must be scopes joined with single spaces');

/** RFC 6749 §4.4. */
const clientCredentials = z.object({
  grant_type: z.literal('client_credentials'),
  scope: scopeParameter.optional(),
});

/** RFC 6749 §6. */
const refreshToken = z.object({
  grant_type: z.literal('refresh_token'),
  refresh_token: z.string().min(1).max(1024),
  scope: scopeParameter.optional(),
});

const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
/** RFC 8693 §3. */
export const tokenTypeNames = {
  accessToken: tokenType('access_token'),
  idToken: tokenType('id_token'),
  jwt: tokenType('jwt'),
} as const;
const typeName = z.string().max(200);
const presented = z
  .string()
  .min(1)
  .max(8 * 1024);

/** RFC 8693 §2.1, and how long the token is to live at most. */
const tokenExchange = z.object({
  grant_type: z.literal('urn:ietf:params:oauth:grant-type:token-exchange'),
  subject_token: presented,
  subject_token_type: typeName,
  actor_token: presented.optional(),
  actor_token_type: typeName.optional(),
  requested_token_type: typeName.optional(),
  resource: z.string().max(2048).optional(),
  audience: z.string().max(2048).optional(),
  scope: scopeParameter.optional(),
  /** RFC 9396 §2: a JSON array. */
  authorization_details: z
    .string()
    .max(16 * 1024)
    .optional(),
  /** Seconds. */
  expires_in: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .optional(),
});

/** RFC 7523 §2.1. */
const jwtBearer = z.object({
  grant_type: z.literal('urn:ietf:params:oauth:grant-type:jwt-bearer'),
  assertion: presented,
  scope: scopeParameter.optional(),
});

export const deviceCodeGrantType = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 8628 §3.4. */
const deviceCode = z.object({
  grant_type: z.literal(deviceCodeGrantType),
  device_code: z.string().min(1).max(256),
});

/** Parameters of each grant under their RFC names. What a grant does not know is left out (RFC 6749 §3.2). */
export const tokenGrant = z.discriminatedUnion('grant_type', [
  clientCredentials,
  refreshToken,
  tokenExchange,
  jwtBearer,
  deviceCode,
]);
export type TokenGrant = z.output<typeof tokenGrant>;
export type GrantType = TokenGrant['grant_type'];
export type GrantOf<Type extends GrantType> = Extract<TokenGrant, { grant_type: Type }>;

/** Every grant that the token endpoint knows. */
export const grantTypes: readonly GrantType[] = tokenGrant.options.map(({ shape }) => shape.grant_type.value);

/** RFC 6749 §5.1, RFC 8693 §2.2.1, RFC 9449 §5. */
export const tokenResponseSchema = z
  .object({
    access_token: z.string(),
    token_type: z.enum(['Bearer', 'DPoP']),
    /** Seconds. */
    expires_in: z.number().int(),
    scope: z.string(),
    refresh_token: z.string().optional(),
    issued_token_type: z.string().optional(),
    /** RFC 9396 §7: what was given, where rows or fields are narrowed. */
    authorization_details: authorizationDetails.optional(),
  })
  .meta({ id: 'TokenResponse' });
export type TokenResponse = z.output<typeof tokenResponseSchema>;

/**
 * The token endpoint. Throws OAUTH_CLIENT_INVALID, OAUTH_CLIENT_UNAUTHORIZED, OAUTH_GRANT_INVALID, OAUTH_SCOPE_INVALID,
 * CLIENT_THROTTLED, and what the grant throws.
 */
export const oauthToken = defineRequest({
  subject: 'auth.v1.oauth.token',
  request: z.object({
    grant: tokenGrant,
    client: clientAuthentication,
    /** RFC 7638 thumbprint of the key of a DPoP proof that the gateway verified: the token is bound to it. */
    dpopJkt: z
      .string()
      .regex(/^[\w-]{43}$/)
      .optional(),
    /** Where the request came from, as the gateway saw it. */
    address: z.string().max(64),
  }),
  reply: tokenResponseSchema,
  authority: 'anyone',
  timeoutMs: 10_000,
});
