import { KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { oauthRefusalOf } from './oauth-errors.ts';
import { readDeviceAuthorization, readPresentedToken, readTokenRequest, readTokenToInspect } from './oauth-requests.ts';

const request = (body: string, headers: readonly string[] = [], url = '/oauth/token') =>
  ({ body, url, ip: '192.0.2.7', raw: { rawHeaders: headers } }) as unknown as FastifyRequest;
const basic = (id: string, secret: string) => [
  'Authorization',
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
];

/** The error code that the endpoint would answer with, or none. */
function errorOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!(error instanceof KeyportError)) throw error;
    return oauthRefusalOf(error).body.error;
  }
}

const assertionType = encodeURIComponent('urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
const credentials = 'grant_type=client_credentials';

/** As a form writes it: a longer one than any of its kind. */
const tooLong = 'x'.repeat(9_000);
const grantOf = (name: string) => encodeURIComponent(`urn:ietf:params:oauth:grant-type:${name}`);

describe('a request to the token endpoint', () => {
  it.each([
    ['an assertion', `grant_type=${grantOf('jwt-bearer')}&assertion=${tooLong}`, 'invalid_grant'],
    ['a refresh token', `grant_type=refresh_token&refresh_token=${tooLong}`, 'invalid_grant'],
    ['a device code', `grant_type=${grantOf('device_code')}&device_code=${tooLong}`, 'invalid_grant'],
    [
      'a subject token',
      `grant_type=${grantOf('token-exchange')}&subject_token=${tooLong}&subject_token_type=x`,
      'invalid_request',
    ],
    ['no assertion', `grant_type=${grantOf('jwt-bearer')}`, 'invalid_request'],
    ['no device code', `grant_type=${grantOf('device_code')}`, 'invalid_request'],
  ])('with %s that is none is refused as its RFC says', (_what, form, error) => {
    expect(errorOf(() => readTokenRequest(request(form)))).toBe(error);
  });

  it('that asks for details is refused, where they would be passed over and more be given', () => {
    const details = `authorization_details=${encodeURIComponent('[{"type":"keyport_dataset"}]')}`;
    const exchange = `grant_type=${grantOf('token-exchange')}&subject_token=x&subject_token_type=y`;

    expect(errorOf(() => readTokenRequest(request(`${credentials}&${details}`)))).toBe('invalid_authorization_details');
    expect(errorOf(() => readDeviceAuthorization(request(`client_id=c&${details}`)))).toBe(
      'invalid_authorization_details',
    );
    expect(readTokenRequest(request(`${exchange}&${details}`)).grant).toHaveProperty('authorization_details');
  });

  it('is read with the parameters of its grant and no others', () => {
    const { grant, client, address } = readTokenRequest(
      request(`${credentials}&scope=records%3Aread%3Aorders+keys:read&resource=x&refresh_token=y`),
    );

    expect(grant).toEqual({ grant_type: 'client_credentials', scope: 'records:read:orders keys:read' });
    expect(client).toEqual({ method: 'none', clientId: undefined });
    expect(address).toBe('192.0.2.7');
  });

  it.each([
    [
      'the header',
      credentials,
      basic('a b', 's:%é'),
      { method: 'client_secret_basic', clientId: 'a b', secret: 's:%é' },
    ],
    [
      'the header, and its name in the form too',
      `${credentials}&client_id=me`,
      basic('me', 's'),
      { method: 'client_secret_basic', clientId: 'me', secret: 's' },
    ],
    [
      'the form',
      `${credentials}&client_id=me&client_secret=s%2B`,
      [],
      { method: 'client_secret_post', clientId: 'me', secret: 's+' },
    ],
    [
      'an assertion',
      `${credentials}&client_assertion_type=${assertionType}&client_assertion=a.b.c`,
      [],
      { method: 'private_key_jwt', clientId: undefined, assertion: 'a.b.c' },
    ],
    ['its name alone', `${credentials}&client_id=me`, [], { method: 'none', clientId: 'me' }],
  ])('says who the client is by %s', (_way, body, headers, client) => {
    expect(readTokenRequest(request(body, headers)).client).toEqual(client);
  });

  it.each([
    ['an empty body', '', [], 'invalid_request'],
    ['no grant_type', 'scope=keys:read', [], 'invalid_request'],
    ['an empty grant_type', 'grant_type=', [], 'invalid_request'],
    ['a grant that nobody knows', 'grant_type=password&username=a&password=b', [], 'unsupported_grant_type'],
    ['a repeated parameter', `${credentials}&scope=keys:read&scope=keys:read`, [], 'invalid_request'],
    ['a parameter repeated under another spelling', `${credentials}&grant%5Ftype=refresh_token`, [], 'invalid_request'],
    ['a repeated parameter that it does not know', `${credentials}&x=1&x=2`, [], 'invalid_request'],
    ['a percent sign that encodes nothing', `${credentials}&scope=%zz`, [], 'invalid_request'],
    ['bytes that are not UTF-8', `${credentials}&scope=%ff`, [], 'invalid_request'],
    ['too many parameters', `${credentials}${'&x'.repeat(60)}`, [], 'invalid_request'],
    ['a scope that is no list', `${credentials}&scope=a++b`, [], 'invalid_scope'],
    ['a scope with a quote', `${credentials}&scope=%22`, [], 'invalid_scope'],
    ['no refresh token', 'grant_type=refresh_token', [], 'invalid_request'],
    ['header and form', `${credentials}&client_id=me&client_secret=s`, basic('me', 's'), 'invalid_request'],
    ['header and assertion', `${credentials}&client_assertion=x`, basic('me', 's'), 'invalid_request'],
    [
      'form and assertion',
      `${credentials}&client_id=me&client_secret=s&client_assertion_type=${assertionType}&client_assertion=x`,
      [],
      'invalid_request',
    ],
    ['another client in the form', `${credentials}&client_id=you`, basic('me', 's'), 'invalid_request'],
    ['an assertion without its type', `${credentials}&client_assertion=x`, [], 'invalid_request'],
    ['a type without an assertion', `${credentials}&client_assertion_type=${assertionType}`, [], 'invalid_request'],
    ['a type that nobody knows', `${credentials}&client_assertion_type=x&client_assertion=y`, [], 'invalid_request'],
    ['a secret of nobody', `${credentials}&client_secret=s`, [], 'invalid_client'],
    ['another scheme', credentials, ['Authorization', 'Bearer x'], 'invalid_client'],
    ['a header without a colon', credentials, ['Authorization', `Basic ${btoa('me')}`], 'invalid_client'],
    ['a header that is no base64', credentials, ['Authorization', 'Basic bWU6cw='], 'invalid_client'],
    ['two headers', credentials, [...basic('me', 's'), ...basic('me', 's')], 'invalid_client'],
    ['an empty secret', credentials, basic('me', ''), 'invalid_client'],
  ])('is refused with %s', (_what, body, headers, error) => {
    expect(errorOf(() => readTokenRequest(request(body, headers)))).toBe(error);
  });

  it('is refused with parameters in its address', () => {
    expect(errorOf(() => readTokenRequest(request(credentials, [], '/oauth/token?client_secret=s')))).toBe(
      'invalid_request',
    );
  });
});

describe('a request to look at a token', () => {
  it('names the token', () => {
    expect(readPresentedToken(request('token=t&token_type_hint=refresh_token&client_id=me'))).toMatchObject({
      token: 't',
      client: { method: 'none', clientId: 'me' },
    });
    expect(errorOf(() => readPresentedToken(request('client_id=me')))).toBe('invalid_request');
  });

  it('comes from the holder of a token or from a client, not from both', () => {
    expect(readTokenToInspect(request('token=t'))).toEqual({ token: 't' });
    expect(errorOf(() => readTokenToInspect(request('token=t&client_id=me&client_secret=s')))).toBe('invalid_request');
  });
});

describe('a refusal of an OAuth endpoint', () => {
  it.each([
    ['OAUTH_CLIENT_INVALID', 401, 'invalid_client'],
    ['OAUTH_CLIENT_UNAUTHORIZED', 400, 'unauthorized_client'],
    ['REFRESH_REUSED', 400, 'invalid_grant'],
    ['BODY_TOO_LARGE', 413, 'invalid_request'],
    ['VALIDATION_FAILED', 400, 'invalid_request'],
    ['METHOD_NOT_ALLOWED', 405, 'invalid_request'],
    ['INSUFFICIENT_SCOPE', 403, 'insufficient_scope'],
    ['TOKEN_REVOKED', 401, 'invalid_token'],
    ['RATE_LIMITED', 429, 'temporarily_unavailable'],
    ['SERVICE_UNAVAILABLE', 503, 'temporarily_unavailable'],
    ['INTERNAL', 500, 'server_error'],
  ] as const)('names %s with %i as %s', (code, status, error) => {
    const refusal = oauthRefusalOf(new KeyportError(code, { reason: 'a "quoted" é' }));

    expect(refusal).toMatchObject({ status, body: { error } });
    expect(refusal.body.error_description).toMatch(/^[ !#-[\]-~]+$/);
  });
});
