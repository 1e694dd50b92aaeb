import { describeError, type ErrorCode, type KeyportError } from '@keyport/contracts';
import { z } from 'zod';

/** RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 9396 §5; RFC 6750 §3.1 where a bearer token asks. */
export const oauthErrorSchema = z
  .object({ error: z.string(), error_description: z.string() })
  .meta({ id: 'OAuthError' });

/** The error codes of the RFCs for ours. What is not named follows from the status. */
const names: Partial<Record<ErrorCode, string>> = {
  OAUTH_REQUEST_INVALID: 'invalid_request',
  OAUTH_CLIENT_INVALID: 'invalid_client',
  OAUTH_CLIENT_UNAUTHORIZED: 'unauthorized_client',
  OAUTH_GRANT_UNSUPPORTED: 'unsupported_grant_type',
  OAUTH_GRANT_INVALID: 'invalid_grant',
  OAUTH_SCOPE_INVALID: 'invalid_scope',
  OAUTH_TARGET_INVALID: 'invalid_target',
  OAUTH_DETAILS_INVALID: 'invalid_authorization_details',
  DPOP_PROOF_INVALID: 'invalid_dpop_proof',
  DEVICE_PENDING: 'authorization_pending',
  DEVICE_SLOW_DOWN: 'slow_down',
  DEVICE_CODE_EXPIRED: 'expired_token',
  DEVICE_DENIED: 'access_denied',
  REFRESH_INVALID: 'invalid_grant',
  REFRESH_REUSED: 'invalid_grant',
  TOKEN_TOO_LARGE: 'invalid_scope',
  TOKEN_INVALID: 'invalid_token',
  TOKEN_REVOKED: 'invalid_token',
  INSUFFICIENT_SCOPE: 'insufficient_scope',
};

/** Statuses that say more than 400, which RFC 6749 §5.2 asks for otherwise. */
const keptStatuses: ReadonlySet<number> = new Set([401, 403, 404, 405, 408, 413, 429, 500, 503]);

/** RFC 6749 knows 400 for these, which are refused as a session with 401 elsewhere. */
const badGrants: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_scope', 'invalid_dpop_proof']);

export interface OAuthRefusal {
  readonly status: number;
  readonly body: z.output<typeof oauthErrorSchema>;
}

/** What an OAuth endpoint answers to a failure. */
export function oauthRefusalOf({ code, params, status }: KeyportError): OAuthRefusal {
  const error = names[code] ?? nameOfStatus(status);
  const isKept = keptStatuses.has(status) && !badGrants.has(error);
  return { status: isKept ? status : 400, body: { error, error_description: plain(describeError(code, params)) } };
}

function nameOfStatus(status: number): string {
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

/** Characters that may stand in a description (RFC 6749 §5.2). */
const plain = (text: string): string => text.replace(/[^ !#-[\]-~]/g, "'");
