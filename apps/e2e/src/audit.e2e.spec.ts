import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditEntry } from '@keyport/contracts';
import {
  TestStack,
  eventually,
  oneOfThree,
  signedInUser,
  until,
  type KeyportClient,
  type RequestInitWithJson,
} from '@keyport/testing';
import { exchange, exchangeGrant } from './issuing.ts';
import { registerClient, sendForm } from './oauth-client.ts';

describe('The audit', () => {
  let stack: TestStack;
  let owner: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    owner = stack.client;
    await owner.putDataset('orders');
    await owner.imported('orders', 'application/x-ndjson', '{"a":1}\n{"a":2}\n');
  });

  afterAll(() => stack?.stop());

  /** Every entry that there is now, newest first. */
  async function entries(): Promise<AuditEntry[]> {
    const all: AuditEntry[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const query = `?limit=1000${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const page = await owner.ok<{ items: AuditEntry[]; next: string | null }>(`/v1/audit${query}`);
      all.push(...page.items);
      cursor = page.next;
    }
    return all;
  }

  /** Sends a request and gives its answer's status and its entries, of which there must be one before long. */
  async function audited(caller: KeyportClient, path: string, init: RequestInitWithJson = {}) {
    const requestId = randomUUID();
    const { status } = await caller.request(path, { ...init, headers: { ...init.headers, 'x-request-id': requestId } });
    return { status, entry: await entryOf(requestId) };
  }

  async function entryOf(requestId: string): Promise<AuditEntry> {
    const find = async () => (await entries()).filter((entry) => entry.requestId === requestId);
    const [entry, ...others] = await eventually(find, (found) => found.length > 0);
    expect(others).toEqual([]);
    return entry as AuditEntry;
  }

  const subjectOf = (token = '') =>
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;

  it('says who did what with which key, from where and when', async () => {
    const minter = await owner.minted('keys:create', 'keys:delete', 'records:read:orders');
    const began = Date.now();

    const { status, entry } = await audited(minter, '/v1/keys?note=kept-out', {
      method: 'POST',
      json: { name: 'for the partner', scopes: ['records:read:orders'] },
      headers: { 'user-agent': 'partner-setup/1' },
    });

    expect(status).toBe(201);
    expect(entry).toMatchObject({
      ...{ action: 'keys.create', method: 'POST', path: '/v1/keys', status: 201, code: null, dataset: null },
      ...{ subject: subjectOf(owner.token), key: minter.keyId, address: '127.0.0.1', userAgent: 'partner-setup/1' },
    });
    expect(Date.parse(entry.at)).toBeGreaterThanOrEqual(began - 1000);
    expect(Date.parse(entry.at)).toBeLessThanOrEqual(Date.now() + 1000);
  });

  it.each([
    { why: 'a right that is missing', status: 403, code: 'INSUFFICIENT_SCOPE', json: {} },
    { why: 'a value that is wrong', status: 422, code: 'VALIDATION_FAILED', json: { nonsense: true }, isOwner: true },
    { why: 'a body that is no JSON', status: 400, code: 'MALFORMED_BODY', body: '{"na', isOwner: true },
    { why: 'a token that is bad', status: 401, code: 'TOKEN_INVALID', token: 'not.a.token', json: {} },
    { why: 'a token that is missing', status: 401, code: 'TOKEN_MISSING', token: '', json: {} },
  ])('has what was refused for $why', async ({ status, code, token, isOwner, json, body }) => {
    const reader = await owner.minted('records:read:orders');
    const recognised = isOwner ? owner : reader;
    const caller = token === undefined ? recognised : owner.with(token === '' ? undefined : token);

    const { status: answered, entry } = await audited(caller, '/v1/datasets/orders', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      ...(json && { json }),
      ...(body && { body }),
    });

    expect(answered).toBe(status);
    const isKnown = token === undefined;
    expect(entry).toMatchObject({ action: 'datasets.put', status, code, dataset: 'orders' });
    expect(entry.subject).toBe(isKnown && code !== 'MALFORMED_BODY' ? subjectOf(recognised.token) : null);
  });

  it('names the client by which a device, or who exchanged a token, acts for a person', async () => {
    const grants = ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token', exchangeGrant];
    const wanted = { authentication: 'none', grants, scopes: ['*'] };
    const { client } = await registerClient(owner, wanted);
    const person = await signedInUser(owner, { scopes: ['datasets:create:orders'] });
    const form = { client_id: client.id };
    const asked = (await sendForm(owner, '/oauth/device_authorization', form)).body;
    const json = { userCode: asked.user_code, approve: true };
    await person.client.ok('/v1/auth/device', { method: 'POST', json });
    const poll = { ...form, grant_type: grants[0] as string, device_code: String(asked.device_code) };
    const device = owner.with(String((await sendForm(owner, '/oauth/token', poll)).body.access_token));
    const phone = owner.with((await exchange(owner, person.accessToken, form)).access_token);

    const acts = [device, phone].map((caller) => audited(caller, '/v1/datasets/orders', { method: 'PUT', json: {} }));

    const ofPerson = { client: client.id, subject: person.id, key: null };
    expect((await Promise.all(acts)).map(({ entry }) => entry)).toMatchObject([ofPerson, ofPerson]);
    expect((await audited(person.client, '/v1/datasets/orders', { method: 'PUT', json: {} })).entry.client).toBeNull();
    const { items } = await eventually(
      () => owner.ok<{ items: AuditEntry[] }>(`/v1/audit?client=${client.id}`),
      (found) => found.items.length >= 4,
    );
    expect(items.map(({ action }) => action).sort()).toEqual([
      ...['datasets.put', 'datasets.put', 'oauth.token', 'oauth.token'],
    ]);
  });

  it('has sign-ins: who signed in, and on whose account one was refused', async () => {
    const { email, password } = stack.owner;
    const login = (json: unknown) => audited(owner.with(undefined), '/v1/auth/login', { method: 'POST', json });

    const good = await login({ email, password });
    const wrongPassword = await login({ email, password: 'wrong' });
    const nobody = await login({ email: 'nobody@example.com', password: 'wrong' });

    const ownerId = subjectOf(owner.token);
    expect(good.entry).toMatchObject({ action: 'sessions.login', status: 200, subject: ownerId, account: null });
    expect(wrongPassword.entry).toMatchObject({ status: 401, code: 'LOGIN_FAILED', subject: null, account: ownerId });
    expect(nobody.entry).toMatchObject({ status: 401, code: 'LOGIN_FAILED', subject: null, account: null });
  });

  it('has every way in which records leave, and no other read', async () => {
    const { id: exportId } = await owner.exported('orders');
    const [record] = await owner.records<{ _id: { $oid: string } }>('orders', '?limit=1');
    const reads = ['/v1/keys', '/v1/datasets/orders', `/v1/exports/${exportId}`, '/v1/auth/me'];
    const marked = Object.fromEntries(reads.map((path) => [path, randomUUID()]));
    for (const path of reads) await owner.request(path, { headers: { 'x-request-id': marked[path] ?? '' } });

    const leaving = [
      await audited(owner, '/v1/datasets/orders/records?fields=a'),
      await audited(owner, `/v1/datasets/orders/records/${record?._id.$oid}`),
      await audited(owner, `/v1/exports/${exportId}/file`),
    ];

    expect(leaving.map(({ status, entry }) => [entry.action, status, entry.status, entry.dataset])).toEqual([
      ['records.stream', 200, 200, 'orders'],
      ['records.get', 200, 200, 'orders'],
      ['exports.download', 200, 200, null],
    ]);
    const ids = new Set((await entries()).map(({ requestId }) => requestId));
    expect(Object.values(marked).filter((id) => ids.has(id))).toEqual([]);
  });

  it('has an upload that its client broke off', async () => {
    const requestId = randomUUID();
    const { hostname, port } = new URL(stack.gatewayUrl);
    const socket = connect(Number(port), hostname);
    socket.write(
      `POST /v1/datasets/orders/imports HTTP/1.1\r\nhost: keyport\r\nauthorization: Bearer ${owner.token}\r\n` +
        `content-type: application/x-ndjson\r\nx-request-id: ${requestId}\r\ncontent-length: 1000\r\n\r\n{"a":3}\n`,
    );
    await eventually(
      async () => (await owner.ok<{ items: { state: string }[] }>('/v1/imports?state=receiving')).items.length,
      (count) => count > 0,
    );

    socket.destroy();

    expect(await entryOf(requestId)).toMatchObject({ action: 'imports.create', code: 'UPLOAD_INCOMPLETE' });
  });

  it('holds no token, no password and no query', async () => {
    const text = JSON.stringify(await entries());

    const parts = [owner.token?.split('.')[2], stack.owner.password, 'kept-out', 'fields=', 'Bearer', 'nobody@'];

    expect(text.length).toBeGreaterThan(1000);
    for (const secret of parts) expect(text).not.toContain(secret);
  });

  it('is shown only to who may read it', async () => {
    const auditor = await owner.minted('audit:read');
    const other = await owner.minted('keys:read');

    const [shown, refused] = [await auditor.request('/v1/audit'), await other.request('/v1/audit')];

    expect([shown.status, refused.status]).toEqual([200, 403]);
  });

  it('has what happened while auth was away, once', async () => {
    const [auth] = (await stack.describe()).processes.auth;
    process.kill(auth as number, 'SIGSTOP');
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const requestId = randomUUID();
        const init = { method: 'PUT', json: {}, headers: { 'x-request-id': requestId } };
        const { status } = await owner.request(`/v1/datasets/away-${index}`, init);
        expect(status).toBeLessThan(300);
        return requestId;
      }),
    );

    await stack.kill('auth');

    await allAudited(ids);
  });

  it('has every request that was answered while the bus went away, with the status that was answered', async () => {
    const answered = new Map<string, number>();
    let isBack = false;
    const write = async (lane: number) => {
      for (let index = 0; !isBack; index += 1) {
        const requestId = `bus-${lane}-${index}-${randomUUID()}`;
        const init = { method: 'PUT', json: {}, headers: { 'x-request-id': requestId } };
        answered.set(requestId, (await owner.request(`/v1/datasets/bus-${lane}`, init)).status);
      }
    };
    const isUnavailable = (status: number) => status === 503 || status === 504;
    const writing = Promise.all([0, 1, 2].map(write));

    const statuses = () => [...answered.values()];
    const awayAndBack = async () => {
      await stack.kill('nats');
      const isSeen = () => statuses().some(isUnavailable) && statuses().at(-1) === 200;
      return until(isSeen, 'the bus to be away and back').then(() => true, String);
    };
    // A machine that stands still for as long as the bus is away asks nothing meanwhile: then it goes away again.
    expect(await oneOfThree(awayAndBack, (seen) => seen === true)).toBe(true);
    isBack = true;
    await writing;

    const found = await allAudited([...answered.keys()]);
    for (const { requestId, status } of found)
      expect([requestId, status]).toEqual([requestId, answered.get(requestId)]);
  }, 300_000);

  /** All of them once, sooner or later. */
  async function allAudited(requestIds: readonly string[]): Promise<AuditEntry[]> {
    const wanted = new Set(requestIds);
    const find = async () => (await entries().catch(() => [])).filter(({ requestId }) => wanted.has(requestId));
    const found = await eventually(
      find,
      (list) => new Set(list.map(({ requestId }) => requestId)).size === wanted.size,
    );
    expect(found).toHaveLength(wanted.size);
    return found;
  }
});
