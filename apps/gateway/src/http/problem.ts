import { proofAlgorithms } from '@keyport/access';
import { describeError, errorTable, KeyportError, type ErrorCode, type FieldProblem } from '@keyport/contracts';
import { z } from 'zod';

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;

/** RFC 9457 problem details of an error; `type` is a stable URN, since a deployment has no address of ours to point to. */
export function problemOf(error: KeyportError, requestId: string): Problem {
  return {
    type: `urn:keyport:error:${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: describeError(error.code, error.params),
    requestId,
    ...(error.errors ? { errors: [...error.errors] } : {}),
  };
}

/** What Fastify and Node say, in our codes (Fastify reference, "Errors"). */
const frameworkCodes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_BODY',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_BODY',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
};

interface FrameworkError {
  readonly code?: string;
  readonly status?: number;
  readonly statusCode?: number;
  readonly errors?: readonly FieldProblem[];
}

/** The error in the project's own terms; what nobody foresaw becomes INTERNAL, with the cause kept for the log. */
export function toKeyportError(error: unknown): KeyportError {
  if (error instanceof KeyportError) return error;
  const { code, status, statusCode } = error as FrameworkError;
  const known = code === undefined ? undefined : frameworkCodes[code];
  if (known) return new KeyportError(known, {}, { cause: error });
  const httpStatus = statusCode ?? status ?? 500;
  return new KeyportError(httpStatus >= 400 && httpStatus < 500 ? 'BAD_REQUEST' : 'INTERNAL', {}, { cause: error });
}

/** What was wrong is in the body: no bearer token was asked for. */
const withoutBearer: ReadonlySet<ErrorCode> = new Set([
  ...(['LOGIN_FAILED', 'REFRESH_INVALID', 'REFRESH_REUSED', 'OAUTH_CLIENT_INVALID'] as const),
]);

const dpopAlgorithms = `algs="${proofAlgorithms.join(' ')}"`;

/**
 * RFC 6750 §3: a request without a token is only told the schemes; a bad token and a missing scope are named. What
 * is wrong with a proof, or with how a bound token was sent, is said under the scheme that asks for one (RFC 9449 §7.1).
 * Undefined for every other error.
 */
export function challengeOf({ code, params }: KeyportError): string | undefined {
  if (code === 'TOKEN_MISSING') return `Bearer realm="keyport", DPoP realm="keyport", ${dpopAlgorithms}`;
  const description = plain(describeError(code, params));
  if (code === 'INSUFFICIENT_SCOPE')
    return `Bearer realm="keyport", error="insufficient_scope", scope="${plain(String(params.scope))}", error_description="${description}"`;
  if (errorTable[code].status !== 401 || withoutBearer.has(code)) return undefined;
  if (code === 'DPOP_PROOF_INVALID' || params.check === 'binding') {
    const error = code === 'DPOP_PROOF_INVALID' ? 'invalid_dpop_proof' : 'invalid_token';
    return `DPoP realm="keyport", error="${error}", error_description="${description}", ${dpopAlgorithms}`;
  }
  return `Bearer realm="keyport", error="invalid_token", error_description="${description}"`;
}

/** Characters that may stand in these attributes (RFC 6750 §3); a name from the URL may hold others. */
const plain = (text: string): string => text.replace(/[^ !#-[\]-~]/g, "'");
