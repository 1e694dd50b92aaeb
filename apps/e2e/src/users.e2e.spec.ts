import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  faultyPathsOf,
  outcomeOf,
  refusedWithinASecond,
  signedInUser,
  signIn,
  TestStack,
  withinASecond,
  type KeyportClient,
  type Problem,
} from '@keyport/testing';

interface User {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly disabled: boolean;
  readonly lastLoginAt: string | null;
}

interface Created {
  readonly user: User;
  readonly initialPassword?: string;
}

const nobody = '0'.repeat(24);
const newEmail = () => `${randomUUID()}@example.com`;

let stack: TestStack;
let owner: KeyportClient;

beforeAll(async () => {
  stack = await TestStack.start();
  owner = stack.client;
});

afterAll(() => stack?.stop());

const create = (client: KeyportClient, json: unknown) =>
  client.request<Created & Problem>('/v1/users', { method: 'POST', json });
const change = (client: KeyportClient, id: string, json: unknown) =>
  client.request<User & Problem>(`/v1/users/${id}`, { method: 'PATCH', json });
const remove = (client: KeyportClient, id: string) => client.request<Problem>(`/v1/users/${id}`, { method: 'DELETE' });
const read = (client: KeyportClient, id: string) => client.request<User & Problem>(`/v1/users/${id}`);
const login = (json: unknown) =>
  owner.with(undefined).request<{ accessToken: string } & Problem>('/v1/auth/login', { method: 'POST', json });
const me = (client: KeyportClient) => client.request<{ scopes?: readonly string[] } & Problem>('/v1/auth/me');

interface Page {
  readonly items: User[];
  readonly next: string | null;
}

async function allUsers(limit = 100): Promise<User[]> {
  const users: User[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page = await owner.ok<Page>(`/v1/users?limit=${limit}${query}`);
    users.push(...page.items);
    cursor = page.next;
  }
  return users;
}

describe('A user', () => {
  it('is made with a password that is told once, and signs in with it', async () => {
    const email = newEmail();

    const { status, headers, body } = await create(owner, { email, scopes: ['keys:read'] });
    const session = await login({ email, password: body.initialPassword });
    const location = headers.get('location') ?? '';
    const shown = await owner.text(location);

    expect([status, location]).toEqual([201, `/v1/users/${body.user.id}`]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.user).toMatchObject({ email, role: 'member', scopes: ['keys:read'], disabled: false });
    expect(session.status).toBe(200);
    expect((await me(owner.with(session.body.accessToken))).body.scopes).toEqual(['keys:read']);
    expect(Date.parse((JSON.parse(shown) as User).lastLoginAt ?? '')).not.toBeNaN();
    for (const text of [shown, JSON.stringify(await allUsers())]) {
      expect(text).not.toContain(body.initialPassword);
      expect(text).not.toContain('argon2');
    }
  });

  it('is not told the password that somebody chose for them', async () => {
    const { status, body } = await create(owner, { email: newEmail(), password: 'correct horse battery' });

    expect([status, Object.keys(body)]).toEqual([201, ['user']]);
  });

  it('is listed once, page by page, the newest first', async () => {
    const made = [await signedInUser(owner), await signedInUser(owner), await signedInUser(owner)];

    const ids = (await allUsers(2)).map(({ id }) => id);

    expect(ids.slice(0, 3)).toEqual(made.map(({ id }) => id).reverse());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has other rights within a second of a change, in the session that they have', async () => {
    const { id, client } = await signedInUser(owner, { scopes: ['records:read:*'] });
    const scopesAre = (scopes: readonly string[]) =>
      withinASecond(
        () => me(client),
        ({ body }) => JSON.stringify(body.scopes) === JSON.stringify(scopes),
      );

    const less = await change(owner, id, { scopes: ['records:read:orders'] });
    await scopesAre(['records:read:orders']);
    const none = await change(owner, id, { scopes: [] });
    await scopesAre([]);

    expect([less.body.scopes, none.body.scopes]).toEqual([['records:read:orders'], []]);
    expect((await read(owner, id)).body).toEqual(none.body);
  });

  it('who becomes an admin has the scopes of one after the next sign-in, and never those of signing keys', async () => {
    const { id, email, password } = await signedInUser(owner);

    await change(owner, id, { role: 'admin' });
    const admin = owner.with((await signIn(owner, email, password)).accessToken);

    expect((await admin.request('/v1/users')).status).toBe(200);
    expect(outcomeOf(await admin.request('/v1/signing-keys'))).toEqual([403, 'INSUFFICIENT_SCOPE']);
    for (const attempt of [
      create(admin, { email: newEmail(), role: 'owner' }),
      change(admin, id, { role: 'owner' }),
      change(admin, (await allUsers()).at(-1)?.id ?? '', { password: 'correct horse battery' }),
    ])
      expect(outcomeOf(await attempt)).toEqual([403, 'SCOPE_NOT_HELD']);
  });

  it('who is disabled is refused within a second and cannot sign in, until enabled again', async () => {
    const { id, email, password, ...session } = await signedInUser(owner, { scopes: ['keys:*'] });
    const key = await session.client.minted('keys:read');

    const disabled = await change(owner, id, { disabled: true });
    await refusedWithinASecond(session.client);
    await refusedWithinASecond(key);

    expect(disabled.body.disabled).toBe(true);
    expect(outcomeOf(await login({ email, password }))).toEqual([401, 'LOGIN_FAILED']);
    await change(owner, id, { disabled: false });
    expect((await login({ email, password })).status).toBe(200);
    // A key waits for its owner; a session that ended has ended.
    await withinASecond(
      () => me(key),
      ({ status }) => status === 200,
    );
    expect((await me(session.client)).status).toBe(401);
  });

  it('who is deleted is gone, with all that they had', async () => {
    const { id, email, password, ...session } = await signedInUser(owner, { scopes: ['keys:*'] });
    const key = await session.client.minted('keys:read');

    const deleted = await remove(owner, id);
    await refusedWithinASecond(session.client);
    await refusedWithinASecond(key);

    expect(deleted.status).toBe(204);
    for (const reply of [await read(owner, id), await change(owner, id, {}), await remove(owner, id)])
      expect(outcomeOf(reply)).toEqual([404, 'USER_NOT_FOUND']);
    expect(outcomeOf(await login({ email, password }))).toEqual([401, 'LOGIN_FAILED']);
    expect((await create(owner, { email })).status).toBe(201);
  });

  it('who is the last owner stays what they are', async () => {
    const first = (await allUsers()).at(-1);
    const second = await signedInUser(owner, { role: 'owner' });

    expect((await change(owner, second.id, { role: 'admin' })).body.role).toBe('admin');
    for (const attempt of [{ role: 'member' }, { role: 'admin' }, { disabled: true }])
      expect(outcomeOf(await change(owner, first?.id ?? '', attempt))).toEqual([409, 'LAST_OWNER']);
    expect(outcomeOf(await remove(owner, first?.id ?? ''))).toEqual([409, 'LAST_OWNER']);
    expect((await read(owner, first?.id ?? '')).body).toMatchObject({ role: 'owner', disabled: false });
    expect((await me(owner)).body.scopes).toEqual(['*']);
  });

  it('has an email of their own, whatever the case of its letters', async () => {
    const { email } = await signedInUser(owner);

    expect(outcomeOf(await create(owner, { email }))).toEqual([409, 'EMAIL_TAKEN']);
    expect(outcomeOf(await create(owner, { email: email.toUpperCase() }))).toEqual([409, 'EMAIL_TAKEN']);
  });

  it('is given no more than the giver has', async () => {
    const clerk = await owner.minted('users:create', 'users:update', 'records:read:orders');
    const { id } = await signedInUser(owner);

    const given = await create(clerk, { email: newEmail(), scopes: ['records:read:orders'] });

    expect(given.status).toBe(201);
    for (const more of [
      { role: 'admin' },
      { role: 'owner' },
      { scopes: ['records:read:*'] },
      { scopes: ['keys:read'] },
    ])
      for (const attempt of [create(clerk, { email: newEmail(), ...more }), change(clerk, id, more)])
        expect(outcomeOf(await attempt)).toEqual([403, 'SCOPE_NOT_HELD']);
  });

  it('that does not exist is told apart from nobody by whoever may not see users', async () => {
    const stranger = (await signedInUser(owner, { scopes: ['keys:*'] })).client;
    const { id } = await signedInUser(owner);

    for (const userId of [id, nobody, 'x'])
      for (const reply of [
        await read(stranger, userId),
        await change(stranger, userId, { disabled: true }),
        await remove(stranger, userId),
      ])
        expect(outcomeOf(reply)).toEqual([403, 'INSUFFICIENT_SCOPE']);
    for (const userId of [nobody, 'x', '%2e%2e%2fkeys', `${id}0`])
      for (const reply of [
        await read(owner, userId),
        await change(owner, userId, { disabled: true }),
        await remove(owner, userId),
      ])
        expect(outcomeOf(reply)).toEqual([404, 'USER_NOT_FOUND']);
  });
});

describe('Bad input about users', () => {
  const email = 'bad@example.com';

  it.each<[string, unknown, string[]]>([
    ['no email', {}, ['email']],
    ['an email that is none', { email: 'bad' }, ['email']],
    ['an email of the wrong type', { email: 1 }, ['email']],
    ['an email that is too long', { email: `${'a'.repeat(250)}@example.com` }, ['email']],
    ['a role that does not exist', { email, role: 'root' }, ['role']],
    ['a scope that does not exist', { email, scopes: ['keys:read', 'moon:read'] }, ['scopes.1']],
    ['a malformed dataset pattern', { email, scopes: ['records:read:a*b'] }, ['scopes.0']],
    [
      'too many scopes',
      { email, scopes: Array.from({ length: 201 }, (_, index) => `records:read:a${index}`) },
      ['scopes'],
    ],
    ['scopes of the wrong type', { email, scopes: 'keys:read' }, ['scopes']],
    ['scopes of an admin', { email, role: 'admin', scopes: ['keys:read'] }, ['scopes']],
    ['a short password', { email, password: 'short' }, ['password']],
    ['a password that is too long', { email, password: 'p'.repeat(1025) }, ['password']],
    ['an unknown field', { email, isOwner: true }, ['body']],
    ['several at once', { email: 'bad', role: 1, password: null }, ['email', 'role', 'password']],
    ['a list', [], ['body']],
  ])('is named where it is wrong, and makes nobody: %s', async (_what, json, paths) => {
    const before = (await allUsers()).length;

    const reply = await create(owner, json);

    expect(outcomeOf(reply)).toEqual([422, 'VALIDATION_FAILED']);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(faultyPathsOf(reply)).toEqual(paths);
    expect((await allUsers()).length).toBe(before);
  });

  it.each<[string, unknown, string[]]>([
    ['an email, which stays', { email }, ['body']],
    ['disabled as a text', { disabled: 'yes' }, ['disabled']],
    ['a role that does not exist', { role: 'root', scopes: ['keys:read'] }, ['role']],
    ['a short password', { password: 'short', disabled: true }, ['password']],
    ['scopes of an admin', { role: 'admin', scopes: ['keys:read'] }, ['scopes']],
  ])('changes nothing of a user: %s', async (_what, json, paths) => {
    const { id } = await signedInUser(owner, { scopes: ['keys:read'] });
    const before = (await read(owner, id)).body;

    const reply = await change(owner, id, json);

    expect([reply.status, faultyPathsOf(reply)]).toEqual([422, paths]);
    expect((await read(owner, id)).body).toEqual(before);
  });

  it.each<[string, string, string[]]>([
    ['a limit of nothing', 'limit=0', ['limit']],
    ['a limit that is none', 'limit=many', ['limit']],
    ['a limit beyond the largest', 'limit=100000', ['limit']],
  ])('is named in a query: %s', async (_what, query, paths) => {
    const reply = await owner.request<Problem>(`/v1/users?${query}`);

    expect([reply.status, faultyPathsOf(reply)]).toEqual([422, paths]);
  });
});
