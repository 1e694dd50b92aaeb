import { randomBytes } from 'node:crypto';
import { isClientId, registeredClientOf } from '@keyport/access';
import { datasetName, type AuditEntry } from '@keyport/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import type { AuthenticatedRequest } from '../access/principal.ts';
import type { AuditedOperation } from './audited-operations.ts';
import { refusalOf } from './refusals.ts';

/** Characters; what is longer tells nothing more. */
const longestPath = 2048;
const longestAgent = 512;

type Who = Pick<AuditEntry, 'issuer' | 'subject' | 'key' | 'tokenId' | 'client'>;

const nobody: Who = { issuer: null, subject: null, key: null, tokenId: null, client: null };

/** What the audit keeps of a request that is about to be answered: no query, no body, no token. */
export function auditEntryOf(
  { id: action }: AuditedOperation,
  request: FastifyRequest,
  { statusCode }: FastifyReply,
  payload: unknown,
): AuditEntry {
  const now = Date.now();
  const refusal = refusalOf(request);
  return {
    id: entryId(now),
    requestId: request.id,
    at: new Date(now).toISOString(),
    action,
    method: request.method,
    path: withoutSecrets(request.url.split('?', 1)[0] ?? '').slice(0, longestPath),
    dataset: datasetOf(request),
    status: statusCode,
    code: refusal?.code ?? null,
    ...(whoAsked(request) ?? whoSignedIn(payload, statusCode)),
    account: typeof refusal?.params.account === 'string' ? refusal.params.account : null,
    address: request.ip,
    userAgent: request.headers['user-agent']?.slice(0, longestAgent) ?? null,
  };
}

/** Access and refresh tokens that somebody put where an id belongs: whoever reads the audit could use them. */
const secrets = /eyJ[\w-]*(?:\.|%2e)[\w-]+(?:\.|%2e)[\w-]*|kp[drs]_[\w-]+/gi;
const withoutSecrets = (path: string): string => path.replace(secrets, '***');

/** Grows with time, so that the newest entries are found by it; random, so that two gateways do not meet. */
const entryId = (now: number): string => now.toString(16).padStart(12, '0') + randomBytes(8).toString('hex');

function datasetOf({ params, routeOptions }: FastifyRequest): string | null {
  if (!routeOptions.url?.startsWith('/v1/datasets/:name')) return null;
  const { name } = params as { readonly name?: string };
  return datasetName.safeParse(name).success ? (name as string) : null;
}

function whoAsked(request: FastifyRequest): Who | undefined {
  const { user } = request as Partial<AuthenticatedRequest>;
  if (!user) return undefined;
  const { issuer, subject, keyId: key = null, tokenId } = user;
  return { issuer, subject, key, tokenId, client: registeredClientOf(user) ?? null };
}

interface Said {
  readonly key?: string;
  readonly client_id?: string;
}

/** Who signed in, or went on with a session, asked without a token: the one that the answer brings says who they are. */
function whoSignedIn(payload: unknown, status: number): Who {
  if (status !== 200 || typeof payload !== 'string') return nobody;
  if (payload === '') return nobody;
  const answer = JSON.parse(payload) as { readonly accessToken?: unknown; readonly access_token?: unknown };
  const accessToken = answer.accessToken ?? answer.access_token;
  if (typeof accessToken !== 'string') return nobody;
  // Made by auth a moment ago, for this answer.
  const { iss = null, sub = null, jti = null, key = null, client_id: client } = decodeJwt<Said>(accessToken);
  return { issuer: iss, subject: sub, key, tokenId: jti, client: client && isClientId(client) ? client : null };
}
