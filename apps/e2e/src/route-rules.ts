import { generateKeyPairSync } from 'node:crypto';
import type { KeyportClient } from '@keyport/testing';

/** The dataset that tokens are for, and one that they are not for. */
export const dataset = 'scoped';
export const otherDataset = 'unscoped';

/** What the rows need that must be there: made by the owner, whose token is `*`. */
export interface RouteWorld {
  readonly owner: KeyportClient;
  /** Makes a dead letter of the dataset, and gives its id. */
  readonly deadLetter: () => Promise<string>;
  /** A completed import and export of the dataset that none of the tokens started. */
  readonly importId: string;
  readonly exportId: string;
  /** Another user, signed in, who may do everything with keys and public keys of their own. */
  readonly other: KeyportClient;
}

/** A caller without these scopes gets this status: 403, or 404 where nothing is to be seen at all. */
export interface Step {
  readonly scopes: readonly string[];
  /** Whether a caller needs all of them, or one is enough. */
  readonly enough: 'all' | 'one';
  readonly refusal: 403 | 404;
}

export type Rule = 'public' | 'session' | 'link' | readonly Step[];

export interface Ask {
  readonly rule: Rule;
  /** What of the route is asked, where it asks for different scopes. */
  readonly what?: string;
  /** In the place of `{id}`: an id that nobody has unless told. */
  readonly id?: (world: RouteWorld) => string | Promise<string>;
  readonly query?: string;
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Done by the owner before each request; then one request follows the other. */
  readonly before?: (world: RouteWorld) => Promise<unknown>;
  /** The request ends the token that it is sent with. */
  readonly endsToken?: boolean;
}

type More = Omit<Ask, 'rule'>;

const open = (more: More = {}): Ask => ({ rule: 'public', ...more });
const form = (body: string): More => ({ body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
const anyToken = (more: More = {}): Ask => ({ rule: [], ...more });
const session = (more: More = {}): Ask => ({ rule: 'session', ...more });
/** No token but that of a link, which stands in the query. */
const link = (more: More = {}): Ask => ({ rule: 'link', ...more });
const needs = (scopes: string | readonly string[], more: More = {}): Ask => ({ rule: [lacking(403, scopes)], ...more });
/**
 * Of a job that somebody else started: not there for who holds neither `seeing` nor `acting`, and with `seeing` alone not
 * to be acted on.
 */
const job = (seeing: string, more: More, acting = seeing): Ask => ({
  rule: [{ scopes: [...new Set([seeing, acting])], enough: 'one', refusal: 404 }, lacking(403, acting)],
  ...more,
});
const lacking = (refusal: 403 | 404, scopes: string | readonly string[]): Step => ({
  scopes: [scopes].flat(),
  enough: 'all',
  refusal,
});

/** And, once that is there, this scope. */
const andThen = (scope: string, ask: Ask): Ask => ({
  ...ask,
  rule: typeof ask.rule === 'string' ? ask.rule : [...ask.rule, lacking(403, scope)],
});

const ndjson = { 'content-type': 'application/x-ndjson' };
const row = '{"a":1}\n';
const files = (mode: string, scopes: readonly string[]): Ask =>
  needs(['imports:create:{name}', ...scopes], { what: mode, query: `?mode=${mode}`, body: row, headers: ndjson });
const fileRoutes = [
  files('insert', []),
  ...['upsert', 'replace', 'merge'].map((mode) => files(mode, ['records:update:{name}'])),
  files('delete', ['records:delete:{name}']),
];

const tus = { 'tus-resumable': '1.0.0' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const upload = (mode: string, scopes: readonly string[]): Ask => {
  const metadata = Object.entries({ dataset, mode, format: 'ndjson' }).map(
    ([name, value]) => `${name} ${base64(value)}`,
  );
  return needs(['imports:create:{name}', ...scopes], {
    what: mode,
    headers: { ...tus, 'upload-length': '8', 'upload-metadata': metadata.join(',') },
  });
};
const uploads = [
  upload('insert', []),
  ...['upsert', 'replace', 'merge'].map((mode) => upload(mode, ['records:update:{name}'])),
  upload('delete', ['records:delete:{name}']),
];

const imported = { id: ({ importId }: RouteWorld) => importId };
const exported = { id: ({ exportId }: RouteWorld) => exportId };
const letter = { id: ({ deadLetter }: RouteWorld) => deadLetter() };
const make = ({ owner }: RouteWorld) =>
  owner.request(`/v1/datasets/${dataset}`, { method: 'PUT', json: { schema: null } });
const remove = ({ owner }: RouteWorld) => owner.request(`/v1/datasets/${dataset}`, { method: 'DELETE' });

/** Others' keys: an action on keys, and the right over users; who lacks that does not learn that they are there. */
const othersKey = {
  what: "another user's",
  id: async ({ other }: RouteWorld) => (await other.minted('keys:read')).keyId,
};
const othersPublicKey = {
  what: "another user's",
  id: async ({ other }: RouteWorld) => (await other.ok<{ id: string }>('/v1/public-keys', newPublicKey())).id,
};
const overUsers = (action: string, more: More): Ask => ({
  rule: [lacking(403, action), lacking(404, 'users:update')],
  ...more,
});

const unusedEmail = 'nobody@example.com';

/**
 * Every route of /openapi.json and what it asks of a token, as the table in docs/tokens.md and the design say. `{name}` is
 * the dataset of the path. A route with several rows asks for different scopes in different cases.
 */
export const routeRules: Readonly<Record<string, readonly Ask[]>> = {
  'GET /.well-known/jwks.json': [open()],
  'GET /.well-known/oauth-authorization-server': [open()],
  'GET /.well-known/oauth-protected-resource': [open()],
  'POST /oauth/token': [open(form('grant_type=client_credentials'))],
  'POST /oauth/introspect': [needs('tokens:introspect', form('token=none'))],
  'POST /oauth/revoke': [open(form('token=none'))],
  'POST /v1/auth/login': [open({ json: {} })],
  'POST /v1/auth/refresh': [open({ json: {} })],
  'GET /v1/auth/me': [anyToken()],
  'POST /v1/auth/logout': [anyToken({ endsToken: true })],
  'PUT /v1/auth/password': [session({ json: { currentPassword: 'x', newPassword: 'twelve letters' } })],
  'GET /v1/auth/sessions': [session()],
  'DELETE /v1/auth/sessions/{id}': [session()],
  'GET /v1/auth/device': [session({ query: '?userCode=BCDF-GHJK' })],
  'POST /v1/auth/device': [session({ json: { userCode: 'BCDF-GHJK', approve: false } })],
  'GET /device': [open()],
  'POST /oauth/device_authorization': [open(form('client_id=none'))],
  'POST /v1/tokens/inspect': [anyToken({ json: { token: 'nonsense' } })],

  'POST /v1/keys': [needs('keys:create', { json: { name: 'made', scopes: ['keys:create'] } })],
  'GET /v1/keys': [needs('keys:read')],
  'GET /v1/keys/{id}': [needs('keys:read'), overUsers('keys:read', othersKey)],
  'PATCH /v1/keys/{id}': [
    needs('keys:update', { json: { name: 'renamed' } }),
    overUsers('keys:update', { ...othersKey, json: { name: 'renamed' } }),
  ],
  'POST /v1/keys/{id}/rotate': [needs('keys:update', { json: { graceSeconds: 0 } })],
  'DELETE /v1/keys/{id}': [needs('keys:delete'), overUsers('keys:delete', othersKey)],

  'POST /v1/public-keys': [needs('public-keys:create', { json: newPublicKey().json })],
  'GET /v1/public-keys': [needs('public-keys:read')],
  'GET /v1/public-keys/{id}': [needs('public-keys:read'), overUsers('public-keys:read', othersPublicKey)],
  'DELETE /v1/public-keys/{id}': [needs('public-keys:delete'), overUsers('public-keys:delete', othersPublicKey)],

  'POST /v1/issuers': [needs('issuers:create', { json: newIssuer() })],
  'GET /v1/issuers': [needs('issuers:read')],
  'GET /v1/issuers/{id}': [needs('issuers:read')],
  'PATCH /v1/issuers/{id}': [needs('issuers:update', { json: { audience: 'x' } })],
  'DELETE /v1/issuers/{id}': [needs('issuers:delete')],

  'POST /v1/users': [needs('users:create', { json: { email: unusedEmail, role: 'member', scopes: [] } })],
  'GET /v1/users': [needs('users:read')],
  'GET /v1/users/{id}': [needs('users:read')],
  'PATCH /v1/users/{id}': [needs('users:update', { json: { disabled: false } })],
  'DELETE /v1/users/{id}': [needs('users:delete')],

  'POST /v1/revocations': [needs('revocations:create', { json: { jti: 'nobody-has-this' } })],
  'GET /v1/revocations': [needs('revocations:read')],
  'DELETE /v1/revocations/{id}': [needs('revocations:delete')],

  'POST /v1/clients': [needs('clients:create', { json: { name: 'made', grants: [], scopes: [] } })],
  'GET /v1/clients': [needs('clients:read')],
  'GET /v1/clients/{id}': [needs('clients:read')],
  'PATCH /v1/clients/{id}': [needs('clients:update', { json: {} })],
  'DELETE /v1/clients/{id}': [needs('clients:delete')],
  'GET /v1/signing-keys': [needs('signing-keys:read')],
  'POST /v1/signing-keys/rotate': [needs('signing-keys:update')],
  'DELETE /v1/signing-keys/{kid}': [needs('signing-keys:delete')],

  'GET /v1/audit': [needs('audit:read')],

  'GET /v1/datasets': [anyToken()],
  'PUT /v1/datasets/{name}': [
    needs('datasets:create:{name}', { what: 'a new one', json: {}, before: remove }),
    needs(['datasets:create:{name}', 'datasets:map:{name}'], {
      ...{ what: 'a mapping', json: { mapping: { source: 'nowhere', collection: 'none' } }, before: remove },
    }),
    needs('datasets:update:{name}', { what: 'a change', json: { schema: { type: 'object' } }, before: make }),
  ],
  'GET /v1/datasets/{name}': [needs('datasets:read:{name}')],
  'PATCH /v1/datasets/{name}': [
    needs('datasets:update:{name}', { json: { schema: { type: 'object' } }, before: make }),
  ],

  'GET /v1/datasets/{name}/records': [needs('records:read:{name}')],
  'GET /v1/datasets/{name}/records/{id}': [needs('records:read:{name}')],
  'PUT /v1/datasets/{name}/records/{id}': [
    needs(['records:create:{name}', 'records:update:{name}'], { json: { _id: 'one', a: 1 }, id: () => 'one' }),
  ],
  'DELETE /v1/datasets/{name}/records/{id}': [needs('records:delete:{name}')],

  'POST /v1/datasets/{name}/infer': [needs('datasets:read:{name}', { body: row, headers: ndjson })],
  'POST /v1/datasets/{name}/schema/check': [needs(['records:read:{name}', 'datasets:read:{name}'], { json: {} })],
  'POST /v1/datasets/{name}/imports/preview': fileRoutes,
  'POST /v1/datasets/{name}/imports': fileRoutes,
  'PUT /v1/datasets/{name}/imports': fileRoutes,
  'OPTIONS /v1/uploads': [open()],
  'POST /v1/uploads': uploads,
  'HEAD /v1/uploads/{id}': [anyToken({ headers: tus })],
  'PATCH /v1/uploads/{id}': [anyToken({ headers: tus })],
  'DELETE /v1/uploads/{id}': [anyToken({ headers: tus })],
  'GET /v1/imports': [anyToken()],
  'GET /v1/imports/{id}': [job('imports:read:{name}', imported)],
  'GET /v1/imports/{id}/rejects': [job('imports:read:{name}', imported)],
  'GET /v1/imports/{id}/rejects/summary': [job('imports:read:{name}', imported)],
  'GET /v1/imports/{id}/events': [job('imports:read:{name}', imported)],
  'POST /v1/imports/{id}/cancel': [job('imports:read:{name}', imported, 'imports:update:{name}')],
  'POST /v1/imports/{id}/pause': [job('imports:read:{name}', imported, 'imports:update:{name}')],
  'POST /v1/imports/{id}/resume': [job('imports:read:{name}', imported, 'imports:update:{name}')],
  'POST /v1/imports/{id}/retry': [
    andThen('imports:create:{name}', job('imports:read:{name}', imported, 'imports:update:{name}')),
  ],
  'POST /v1/imports/{id}/undo': [
    andThen('records:delete:{name}', job('imports:read:{name}', imported, 'imports:update:{name}')),
  ],
  'GET /v1/imports/{id}/undo/left': [job('imports:read:{name}', imported)],

  'POST /v1/datasets/{name}/exports': [needs('exports:create:{name}', { json: {} })],
  'GET /v1/exports': [anyToken()],
  'GET /v1/exports/{id}': [job('exports:read:{name}', exported)],
  'GET /v1/exports/{id}/file': [job('exports:read:{name}', exported)],
  'GET /v1/exports/{id}/download': [link(exported)],
  'POST /v1/exports/{id}/link': [job('exports:read:{name}', { ...exported, json: {} })],
  'GET /v1/exports/{id}/events': [job('exports:read:{name}', exported)],
  'POST /v1/exports/{id}/cancel': [job('exports:read:{name}', { id: freshExport }, 'exports:delete:{name}')],
  'DELETE /v1/exports/{id}': [job('exports:read:{name}', { id: freshExport }, 'exports:delete:{name}')],

  'GET /v1/dead-letters': [anyToken()],
  'GET /v1/dead-letters/summary': [anyToken()],
  'GET /v1/dead-letters/{id}': [job('events:read:{name}', letter)],
  'POST /v1/dead-letters/{id}/replay': [job('events:read:{name}', letter, 'events:update:{name}')],
  'DELETE /v1/dead-letters/{id}': [job('events:read:{name}', letter, 'events:update:{name}')],
  'POST /v1/dead-letters/replay': [needs('events:update:{name}', { json: { dataset } })],
  'DELETE /v1/dead-letters': [needs('events:update:{name}', { query: `?dataset=${dataset}` })],

  'DELETE /v1/datasets/{name}': [needs('datasets:delete:{name}', { before: make })],
};

async function freshExport({ owner }: RouteWorld): Promise<string> {
  return (await owner.ok<{ id: string }>(`/v1/datasets/${dataset}/exports`, { method: 'POST', json: {} })).id;
}

function newPublicKey() {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return { method: 'POST', json: { name: 'made', jwk, scopes: ['public-keys:create'] } };
}

function newIssuer() {
  const jwk = { ...generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }), kid: 'a' };
  const rights = { scopeMapping: [], ceiling: [] };
  return { issuer: 'https://idp.example', audience: 'keyport', jwks: { keys: [jwk] }, ...rights };
}
