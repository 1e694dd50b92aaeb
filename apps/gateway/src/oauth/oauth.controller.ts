import {
  authorizeDevice,
  deviceAuthorizationSchema,
  grantTypes,
  introspectionSchema,
  oauthToken,
  revokeToken,
  tokenResponseSchema,
  type Introspection,
  type ReplyOf,
  type TokenResponse,
} from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Controller, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Possession } from '../access/possession.ts';
import { ClientOrToken, Public } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { Introspector } from './introspector.ts';
import { oauthErrorSchema } from './oauth-errors.ts';
import { readDeviceAuthorization, readPresentedToken, readTokenRequest } from './oauth-requests.ts';
import { TakesForm } from './takes-form.ts';

/** How a client says who it is, in a form; `Authorization: Basic` says it too (RFC 6749 §2.3.1). */
const client = {
  client_id: 'the client, where no header names it',
  client_secret: 'its secret, where no header has it',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: 'a JWT that the client signed (RFC 7523)',
};

@ApiTags('oauth')
@Controller('oauth')
export class OauthController {
  constructor(
    private readonly requester: Requester,
    private readonly introspector: Introspector,
    private readonly possession: Possession,
  ) {}

  @Post('token')
  @Public()
  @TakesForm(
    {
      grant_type: grantTypes.join(', '),
      scope: 'less than all',
      refresh_token: 'good once',
      device_code: 'of /oauth/device_authorization (RFC 8628)',
      assertion: 'a token of another issuer, good once (RFC 7523)',
      subject_token: 'the token to exchange (RFC 8693)',
      subject_token_type: 'what it is',
      requested_token_type: 'what is wanted',
      audience: 'this deployment',
      resource: 'this deployment',
      authorization_details: 'JSON, narrower than those of the token (RFC 9396)',
      expires_in: 'seconds, for an exchange',
      ...client,
    },
    ['grant_type'],
  )
  @Describe({
    summary: 'Get an access token (RFC 6749)',
    description: 'With a DPoP proof in the header DPoP (RFC 9449) the token is bound to the key of the proof.',
    reply: tokenResponseSchema,
    isPublic: true,
    refusal: oauthErrorSchema,
    errors: [
      ...(['OAUTH_REQUEST_INVALID', 'OAUTH_CLIENT_INVALID', 'OAUTH_CLIENT_UNAUTHORIZED'] as const),
      ...(['OAUTH_GRANT_UNSUPPORTED', 'OAUTH_GRANT_INVALID', 'OAUTH_SCOPE_INVALID', 'CLIENT_THROTTLED'] as const),
      ...(['DEVICE_PENDING', 'DEVICE_SLOW_DOWN', 'DEVICE_CODE_EXPIRED', 'DEVICE_DENIED'] as const),
      ...(['OAUTH_TARGET_INVALID', 'OAUTH_DETAILS_INVALID', 'REFRESH_INVALID', 'REFRESH_REUSED'] as const),
      ...(['DPOP_PROOF_INVALID', 'RATE_LIMITED'] as const),
    ],
  })
  async token(@Req() request: FastifyRequest): Promise<TokenResponse> {
    const asked = readTokenRequest(request);
    const dpopJkt = await this.possession.thumbprintIn(request);
    return this.requester.request(oauthToken, { ...asked, dpopJkt }, { requestId: request.id });
  }

  @Post('device_authorization')
  @Public()
  @TakesForm({ scope: 'less than all', ...client }, [])
  @Describe({
    summary: 'Get a code for a person to type in at /device, and one to ask for tokens with (RFC 8628)',
    reply: deviceAuthorizationSchema,
    isPublic: true,
    refusal: oauthErrorSchema,
    errors: [
      ...(['OAUTH_REQUEST_INVALID', 'OAUTH_CLIENT_INVALID', 'OAUTH_CLIENT_UNAUTHORIZED'] as const),
      ...(['OAUTH_SCOPE_INVALID', 'OAUTH_DETAILS_INVALID', 'CLIENT_THROTTLED', 'DEVICE_TOO_MANY_WAITING'] as const),
    ],
  })
  deviceAuthorization(@Req() request: FastifyRequest): Promise<ReplyOf<typeof authorizeDevice>> {
    return this.requester.request(authorizeDevice, readDeviceAuthorization(request), { requestId: request.id });
  }

  @Post('introspect')
  @ClientOrToken()
  @TakesForm({ token: 'any token', token_type_hint: 'changes nothing', ...client }, ['token'])
  @Describe({
    summary: 'What a token is now (RFC 7662)',
    description:
      'Of any kind of token, refresh tokens too. By a client, of its own tokens, or of all where its scopes have tokens:introspect; or with a token that has tokens:introspect.',
    reply: introspectionSchema,
    refusal: oauthErrorSchema,
    errors: ['OAUTH_REQUEST_INVALID', 'OAUTH_CLIENT_INVALID', 'CLIENT_THROTTLED'],
  })
  introspect(@Req() request: FastifyRequest): Promise<Introspection> {
    return this.introspector.introspect(request);
  }

  @Post('revoke')
  @Public()
  @TakesForm({ token: 'an access or refresh token', token_type_hint: 'changes nothing', ...client }, ['token'])
  @Describe({
    summary: 'End a token everywhere, within a second (RFC 7009)',
    description:
      'A client ends its own tokens; a request that names no client ends the token that it holds. Of a sign-in, access and refresh token end together. What is no token is answered alike.',
    isPublic: true,
    refusal: oauthErrorSchema,
    errors: ['OAUTH_REQUEST_INVALID', 'OAUTH_CLIENT_INVALID', 'OAUTH_GRANT_INVALID', 'CLIENT_THROTTLED'],
  })
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    await this.requester.request(revokeToken, readPresentedToken(request), { requestId: request.id });
  }
}
