import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  faultyPathsOf,
  jsonOfPart,
  oneOfThree,
  outcomeOf,
  partsOf,
  refusedWithinASecond,
  signedInUser,
  TestStack,
  withinASecond,
  type KeyportClient,
  type Problem,
} from '@keyport/testing';

interface Key {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  readonly previousTokenEndsAt: string | null;
}

interface Minted {
  readonly token: string;
  readonly key: Key;
}

interface Row {
  readonly id: number;
}

const day = 24 * 3600;
const orders = '/v1/datasets/orders/records';
const rows = [
  { id: 1, region: 'eu', total: 10, note: 'a' },
  { id: 2, region: 'us', total: 20, note: 'b' },
  { id: 3, region: 'eu', total: 30, note: 'c' },
  { id: 4, region: 'eu', total: 40, note: 'd' },
];

let stack: TestStack;
let owner: KeyportClient;
/** A member who may make keys and read orders. */
let member: KeyportClient;
/** Used once, before all else: gateways tell of it some seconds later. */
let usedOnce: Minted;
let usedBefore = 0;

beforeAll(async () => {
  stack = await TestStack.start();
  owner = stack.client;
  await owner.putDataset('orders', { key: ['id'] });
  await owner.imported('orders', 'application/x-ndjson', rows.map((row) => JSON.stringify(row)).join('\n'));
  const scopes = ['keys:*', 'records:read:orders', 'records:create:orders'];
  member = (await signedInUser(owner, { scopes })).client;
  usedOnce = await mint(owner, {});
  await owner.with(usedOnce.token).ok('/v1/auth/me');
  usedBefore = Date.now();
});

afterAll(() => stack?.stop());

const tryToMint = (client: KeyportClient, request: object) =>
  client.request<Minted & Problem>('/v1/keys', {
    method: 'POST',
    json: { name: 'k', scopes: ['records:read:orders'], ...request },
  });

async function mint(client: KeyportClient, request: object): Promise<Minted> {
  const reply = await tryToMint(client, request);
  expect(outcomeOf(reply)).toEqual([201]);
  return reply.body;
}

const tryToChange = (client: KeyportClient, id: string, json: unknown) =>
  client.request<Key & Problem>(`/v1/keys/${id}`, { method: 'PATCH', json });
const rotate = (client: KeyportClient, id: string, json?: unknown) =>
  client.request<Minted & Problem>(`/v1/keys/${id}/rotate`, {
    method: 'POST',
    ...(json === undefined ? {} : { json }),
  });
const revoke = (client: KeyportClient, id: string) => client.request<Problem>(`/v1/keys/${id}`, { method: 'DELETE' });
const read = (id: string) => owner.ok<Key>(`/v1/keys/${id}`);
const me = (token: string) => owner.with(token).request<{ scopes: string[] } & Problem>('/v1/auth/me');
const expiryOf = (token: string) => Number(jsonOfPart(partsOf(token)[1]).exp) * 1000;

describe('The life of a key', () => {
  it('is 90 days unless told', async () => {
    const { token, key } = await mint(member, {});

    expect(Date.parse(key.expiresAt ?? '') - Date.parse(key.createdAt)).toBe(90 * day * 1000);
    expect(expiryOf(token)).toBe(Date.parse(key.expiresAt ?? ''));
  });

  it('is what was asked for, up to what the policy allows', async () => {
    const { key } = await mint(member, { expiresInSeconds: 366 * day });

    const longer = await tryToMint(member, { expiresInSeconds: 366 * day + 1 });

    expect(Date.parse(key.expiresAt ?? '') - Date.parse(key.createdAt)).toBe(366 * day * 1000);
    expect(outcomeOf(longer)).toEqual([422, 'KEY_LIFETIME_TOO_LONG']);
    expect(longer.body.detail).toContain(String(366 * day));
  });

  it('has an end, where the policy wants one', async () => {
    expect(outcomeOf(await tryToMint(member, { expiresInSeconds: 'never' }))).toEqual([422, 'KEY_EXPIRY_NEEDED']);
  });

  it('is over when its time is', async () => {
    const mintShort = async () => {
      const { token } = await mint(owner, { expiresInSeconds: 1 });
      return { token, status: (await me(token)).status };
    };
    const { token, status: before } = await oneOfThree(mintShort, ({ status }) => status === 200);
    // Five seconds of grace for clocks that differ.
    const endsAt = expiryOf(token) + 5_000;
    let lastAskedAt = 0;

    const refused = await eventually(
      async () => ({ askedAt: Date.now(), ...(await me(token)) }),
      ({ askedAt, status }) => {
        if (status === 200) lastAskedAt = askedAt;
        return status === 401;
      },
    );

    expect(before).toBe(200);
    expect(refused.body).toMatchObject({ code: 'TOKEN_INVALID', detail: expect.stringContaining('expired') });
    expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
    expect(lastAskedAt).toBeLessThan(endsAt + 1_000);
  });

  it('shows which end soon, the next first, and not those that ended', async () => {
    const { client } = await signedInUser(owner, { scopes: ['keys:*'] });
    const request = { scopes: ['keys:read'] };
    await mint(client, { ...request, name: 'later', expiresInSeconds: 2 * 3600 });
    await mint(client, { ...request, name: 'soon', expiresInSeconds: 3600 });
    await mint(client, { ...request, name: 'far', expiresInSeconds: 30 * day });
    await revoke(client, (await mint(client, { ...request, name: 'ended', expiresInSeconds: 1800 })).key.id);
    const namesOf = async (query: string) =>
      (await client.ok<{ items: Key[] }>(`/v1/keys${query}`)).items.map(({ name }) => name);

    expect(await namesOf('?endsWithinSeconds=10800')).toEqual(['soon', 'later']);
    expect(await namesOf('?endsWithinSeconds=0')).toEqual([]);
    expect(await namesOf('')).toEqual(['ended', 'far', 'soon', 'later']);
  });
});

describe('A key', () => {
  it('is shown with its token once, and without it ever after', async () => {
    const reply = await tryToMint(owner, { name: ' shown ' });
    const { token, key } = reply.body;

    expect(reply.headers.get('location')).toBe(`/v1/keys/${key.id}`);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(await read(key.id)).toEqual(key);
    expect(key).toMatchObject({ name: 'shown', scopes: ['records:read:orders'], lastUsedAt: null, revokedAt: null });
    expect(await owner.text('/v1/keys?limit=1000')).not.toContain(token.split('.')[2]);
  });

  it('is renamed, and does what it did', async () => {
    const { token, key } = await mint(owner, {});

    const renamed = await tryToChange(owner, key.id, { name: 'other' });

    expect(renamed.body).toEqual({ ...key, name: 'other' });
    expect((await me(token)).body.scopes).toEqual(['records:read:orders']);
  });

  it('loses within a second what its ceiling loses, and has it back once that is raised again', async () => {
    const { token, key } = await mint(owner, { scopes: ['records:read:*', 'keys:read'] });
    const holder = owner.with(token);
    const readOrders = () => holder.request<Problem>(orders);
    expect((await readOrders()).status).toBe(200);

    await tryToChange(owner, key.id, { scopes: ['keys:read', 'records:read:invoices'] });
    const refused = await withinASecond(readOrders, ({ status }) => status === 403);
    await tryToChange(owner, key.id, { scopes: ['records:read:orders'] });
    await withinASecond(readOrders, ({ status }) => status === 200);

    expect(refused.body).toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(outcomeOf(await holder.request<Problem>('/v1/keys'))).toEqual([403, 'INSUFFICIENT_SCOPE']);
    expect(outcomeOf(await tryToChange(owner, key.id, { scopes: ['records:create:orders'] }))).toEqual([
      403,
      'SCOPE_NOT_HELD',
    ]);
  });

  it('tells when it was used last', async () => {
    const { key } = usedOnce;
    expect(key.lastUsedAt).toBeNull();

    const { lastUsedAt } = await eventually(
      () => read(key.id),
      (now) => now.lastUsedAt !== null,
    );

    expect(Date.parse(lastUsedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(key.createdAt));
    expect(Date.parse(lastUsedAt ?? '')).toBeLessThanOrEqual(usedBefore);
  });

  it('is given limits by who may change users, and by others up to the defaults', async () => {
    const limits = { requestsPerSecond: 60_000, burst: 120_000 };
    const { key } = await mint(member, { limits: { requestsPerSecond: 50_000, importsPerDay: 5 } });

    const refusals = [await tryToMint(member, { limits }), await tryToChange(member, key.id, { limits })];
    const raised = await tryToChange(owner, key.id, { limits });

    for (const refusal of refusals) {
      expect(outcomeOf(refusal)).toEqual([422, 'VALIDATION_FAILED']);
      expect(faultyPathsOf(refusal)).toEqual(['limits.requestsPerSecond', 'limits.burst']);
      expect(refusal.body.errors?.[0]?.message).toContain('50000');
    }
    expect(raised.body.limits).toEqual(limits);
    expect((await mint(owner, { limits })).key.limits).toEqual(limits);
  });
});

describe('The token of a key', () => {
  it('that is rotated goes on for the grace, beside the new one, and ends within a second after it', async () => {
    const rotateAndAsk = async () => {
      const { token, key } = await mint(owner, {});
      const { status, body: rotated, headers } = await rotate(owner, key.id, { graceSeconds: 2 });
      const both = [(await me(token)).status, (await me(rotated.token)).status];
      const refused = await eventually(
        () => me(token),
        ({ status: now }) => now === 401,
      );
      const lateMs = Date.now() - Date.parse(rotated.key.previousTokenEndsAt ?? '');
      return { key, status, rotated, headers, both, refused, lateMs };
    };

    const { key, status, rotated, headers, both, refused, lateMs } = await oneOfThree(
      rotateAndAsk,
      (one) => one.both[0] === 200 && one.lateMs < 1_000,
    );

    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(rotated.key).toMatchObject({ id: key.id, name: key.name, scopes: key.scopes });
    expect(both).toEqual([200, 200]);
    expect(outcomeOf(refused)).toEqual([401, 'TOKEN_REVOKED']);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1_000);
    expect((await me(rotated.token)).status).toBe(200);
  });

  it('that is rotated without a grace ends at once', async () => {
    const { token, key } = await mint(owner, {});

    const { body: rotated } = await rotate(owner, key.id);

    await refusedWithinASecond(owner.with(token));
    expect((await me(rotated.token)).status).toBe(200);
  });
});

describe('A key minted through a key', () => {
  it('ends with it, however far down', async () => {
    const first = await mint(member, { scopes: ['keys:*', 'records:read:orders'] });
    const second = await mint(owner.with(first.token), { scopes: ['keys:*', 'records:read:orders'] });
    const third = await mint(owner.with(second.token), {});
    const beside = await mint(member, {});
    for (const { token } of [first, second, third]) expect((await me(token)).status).toBe(200);

    expect((await revoke(member, first.key.id)).status).toBe(204);

    for (const { token } of [first, second, third]) {
      expect(outcomeOf(await refusedWithinASecond(owner.with(token)))).toEqual([401, 'TOKEN_REVOKED']);
    }
    for (const { key } of [first, second, third]) expect((await read(key.id)).revokedAt).not.toBeNull();
    expect((await me(beside.token)).status).toBe(200);
  });

  it('may do no more, and lives no longer', async () => {
    const { token, key } = await mint(owner, { scopes: ['keys:create', 'records:read:orders'], expiresInSeconds: 600 });
    const holder = owner.with(token);

    const child = await mint(holder, { expiresInSeconds: 3600 });

    expect(Date.parse(child.key.expiresAt ?? '')).toBeLessThanOrEqual(Date.parse(key.expiresAt ?? ''));
    for (const scopes of [['*'], ['records:read:*'], ['keys:*'], ['records:read:orders', 'records:create:orders']])
      expect(outcomeOf(await tryToMint(holder, { scopes }))).toEqual([403, 'SCOPE_NOT_HELD']);
  });

  it('sees of the rows and fields what all of them leave', async () => {
    const scopes = ['keys:create', 'records:read:orders'];
    const detail = (filter: object, fields: readonly string[]) => ({
      scopes,
      authorizationDetails: [
        { type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'], filter, fields },
      ],
    });
    const seenBy = async ({ token }: Minted) =>
      (await owner.with(token).records<Row>('orders')).sort((one, other) => one.id - other.id);

    const first = await mint(member, detail({ region: 'eu' }, ['id', 'total', 'region']));
    const second = await mint(owner.with(first.token), detail({ total: { $gt: 20 } }, ['id', 'region', 'note']));
    const third = await mint(owner.with(second.token), { scopes });

    expect(await seenBy(first)).toEqual([
      { id: 1, region: 'eu', total: 10 },
      { id: 3, region: 'eu', total: 30 },
      { id: 4, region: 'eu', total: 40 },
    ]);
    for (const child of [second, third])
      expect(await seenBy(child)).toEqual([
        { id: 3, region: 'eu' },
        { id: 4, region: 'eu' },
      ]);
    const peeking = await owner.with(third.token).request<Problem>(`${orders}?fields=total`);
    expect(outcomeOf(peeking)).toEqual([403, 'FIELD_NOT_ALLOWED']);
    const otherDataset = { ...detail({}, ['id']).authorizationDetails[0], datasets: ['invoices'] };
    expect(
      outcomeOf(await tryToMint(owner.with(third.token), { scopes, authorizationDetails: [otherDataset] })),
    ).toEqual([403, 'SCOPE_NOT_HELD']);
  });
});
