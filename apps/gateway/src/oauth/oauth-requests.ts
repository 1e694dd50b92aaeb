import {
  deviceAuthorizationRequestSchema,
  KeyportError,
  presentedTokenSchema,
  tokenGrant,
  type ClientAuthentication,
  type TokenGrant,
} from '@keyport/contracts';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { authorizationOf } from '../access/presented-token.ts';
import { addressGroup } from '../limits/address-group.ts';
import { readClientAuthentication } from './client-credentials.ts';
import { readForm, requestInvalid, type FormParameters } from './form-parameters.ts';

type Asked = Pick<FastifyRequest, 'body' | 'url' | 'ip' | 'raw'>;

interface FromClient {
  readonly client: ClientAuthentication;
  readonly address: string;
}

type PresentedToken = z.output<typeof presentedTokenSchema>;

/**
 * A request to the token endpoint. Throws OAUTH_REQUEST_INVALID, OAUTH_CLIENT_INVALID, OAUTH_GRANT_UNSUPPORTED,
 * OAUTH_SCOPE_INVALID, OAUTH_DETAILS_INVALID.
 */
export function readTokenRequest(request: Asked): FromClient & { readonly grant: TokenGrant } {
  const form = formOf(request);
  const client = clientOf(request, form);
  const grant = grantIn(form);
  if (!('authorization_details' in grant)) requireNoDetails(form);
  return { client, address: addressGroup(request.ip), grant };
}

/**
 * A request of a device for a code to show. Throws OAUTH_REQUEST_INVALID, OAUTH_CLIENT_INVALID, OAUTH_SCOPE_INVALID,
 * OAUTH_DETAILS_INVALID.
 */
export function readDeviceAuthorization(
  request: Asked,
): FromClient & z.output<typeof deviceAuthorizationRequestSchema> {
  const form = formOf(request);
  const parsed = deviceAuthorizationRequestSchema.safeParse(form);
  if (!parsed.success) throw scopeInvalid();
  requireNoDetails(form);
  return { client: clientOf(request, form), address: addressGroup(request.ip), ...parsed.data };
}

/** A request to look at a token, or to end it, by a client. */
export function readPresentedToken(request: Asked): FromClient & PresentedToken {
  const form = formOf(request);
  return { ...presentedIn(form), client: clientOf(request, form), address: addressGroup(request.ip) };
}

/** A request to look at a token, by who holds one with the right to: then no client asks as well. */
export function readTokenToInspect(request: Asked): PresentedToken {
  const form = formOf(request);
  if (readClientAuthentication('', form).method !== 'none')
    throw requestInvalid('a client authenticates beside the token');
  return presentedIn(form);
}

/** RFC 6749 §3.2: parameters stand in the body; in the address they would lie in logs. */
function formOf({ body, url }: Asked): FormParameters {
  if (url.includes('?')) throw requestInvalid('parameters belong into the body, not into the address');
  return readForm(typeof body === 'string' ? body : '');
}

const clientOf = ({ raw }: Asked, form: FormParameters) =>
  readClientAuthentication(authorizationOf(raw.rawHeaders), form);

/** Parameters that are the grant itself. */
const grants: ReadonlySet<string> = new Set(['assertion', 'refresh_token', 'device_code']);

function grantIn(form: FormParameters): TokenGrant {
  if (form.grant_type === undefined) throw requestInvalid('grant_type is missing');
  const parsed = tokenGrant.safeParse(form);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.path[0] === 'grant_type') throw new KeyportError('OAUTH_GRANT_UNSUPPORTED');
  const name = String(issue?.path[0] ?? '');
  if (name === 'scope') throw scopeInvalid();
  // RFC 6749 §5.2, RFC 7521 §4.1.1: a grant that cannot be one. RFC 8693 §2.2.2 has invalid_request for a subject_token.
  if (grants.has(name) && name in form)
    throw new KeyportError('OAUTH_GRANT_INVALID', { reason: `${name} is too long` });
  throw requestInvalid(`${issue?.path.join('.') ?? 'a parameter'} is missing or not valid`);
}

function presentedIn(form: FormParameters): PresentedToken {
  const parsed = presentedTokenSchema.safeParse(form);
  if (parsed.success) return parsed.data;
  throw requestInvalid(`${parsed.error.issues[0]?.path.join('.') ?? 'a parameter'} is missing or not valid`);
}

/** RFC 9396 §2: passed over, they would give a token that does more than was asked for. */
function requireNoDetails({ authorization_details: details }: FormParameters): void {
  if (details !== undefined)
    throw new KeyportError('OAUTH_DETAILS_INVALID', { reason: 'only a token that is exchanged is narrowed by them' });
}

const scopeInvalid = () => new KeyportError('OAUTH_SCOPE_INVALID', { scope: '(not well-formed)' });
