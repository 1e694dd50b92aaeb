import {
  buckets,
  changeUser,
  createKey,
  createUser,
  deleteUser,
  getUser,
  listUsers,
  login,
  type RequestInput,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { People } from '../harness/people.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';
import { scopesOfRole } from './roles.ts';

const address = '127.0.0.1';

let system: AuthSystem;
let gateway: GatewayDouble;
let people: People;
let owner: Who;
let ownerId: string;

beforeAll(async () => {
  ({ system, gateway, people } = await startTwoProcesses());
  owner = people.owner;
  ownerId = owner.sub ?? '';
});

afterAll(() => system.stop());

const rightsOf = async (userId: string) => {
  const entry = await (await openBucket(system.bus, buckets.rights)).get(`user.${userId}`);
  return entry?.operation === 'PUT' ? entry.json() : undefined;
};

const change = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>, who = owner) =>
  gateway.ask(changeUser, { ...asked, userId }, who);

const refusedChange = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>, who = owner) =>
  gateway.refusal(changeUser, { ...asked, userId }, who);

describe('making a user', () => {
  it('gives a member what was asked for, who can sign in with it', async () => {
    const email = people.newEmail();

    const { user, initialPassword } = await gateway.ask(
      createUser,
      { email, scopes: ['records:read:orders'], password: 'correct horse battery' },
      owner,
    );

    expect(initialPassword).toBeUndefined();
    expect(user).toMatchObject({ email, role: 'member', scopes: ['records:read:orders'], disabled: false });
    expect(await rightsOf(user.id)).toEqual({
      ...{ kind: 'user', role: 'member', scopes: ['records:read:orders'], disabled: false },
    });
    const { accessToken } = await gateway.ask(login, { email, password: 'correct horse battery', address });
    expect(whoHas(accessToken)).toMatchObject({ sub: user.id, scope: 'records:read:orders' });
    expect((await gateway.ask(getUser, { userId: user.id }, owner)).lastLoginAt).not.toBeNull();
  });

  it('makes a password where none is given, tells it once and keeps it nowhere', async () => {
    const email = people.newEmail();

    const { user, initialPassword = '' } = await gateway.ask(createUser, { email, role: 'admin' }, owner);

    expect(initialPassword).toMatch(/^[\w-]{24}$/);
    expect(await gateway.refusal(login, { email, password: initialPassword, address })).toBeUndefined();
    expect(JSON.stringify(await gateway.ask(getUser, { userId: user.id }, owner))).not.toContain(initialPassword);
    const stored = await system.database.collection('users').find().toArray();
    expect(JSON.stringify(stored)).not.toContain(initialPassword);
    expect(stored.every(({ passwordHash }) => String(passwordHash).startsWith('$argon2id$'))).toBe(true);
  });

  it('refuses an email that somebody has, in whatever case of letters', async () => {
    const { email } = await people.signedIn();

    const request = { email: email.toUpperCase(), scopes: [] };
    const both = await Promise.all([1, 2].map(() => gateway.refusal(createUser, request, owner)));

    expect(both.map((error) => error?.code)).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN']);
  });

  it('twice at once with the same email makes one', async () => {
    const email = people.newEmail();

    const both = await Promise.all([1, 2, 3].map(() => gateway.refusal(createUser, { email }, owner)));

    expect(both.map((error) => error?.code ?? 'none').sort()).toEqual(['EMAIL_TAKEN', 'EMAIL_TAKEN', 'none']);
  });

  it.each([
    ['no email', { email: 'nobody' }, 'email'],
    ['a short password', { password: 'short' }, 'password'],
    ['no such role', { role: 'root' as never }, 'role'],
    ['no scope', { scopes: ['records:write:a'] }, 'scopes.0'],
    ['scopes of an admin', { role: 'admin' as const, scopes: ['keys:read'] }, 'scopes'],
    ['a field that there is not', { disabled: false } as never, ''],
  ])('refuses %s, naming it', async (_what, request: Partial<RequestInput<typeof createUser>>, path) => {
    const error = await gateway.refusal(createUser, { email: people.newEmail(), ...request }, owner);

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(error?.errors?.map((fault) => fault.path)).toEqual([path]);
  });
});

describe('the rights to administer users', () => {
  it.each([
    ['users:create', createUser, { email: 'x@example.org' }],
    ['users:read', listUsers, {}],
    ['users:read', getUser, { userId: 'f'.repeat(24) }],
    ['users:update', changeUser, { userId: 'f'.repeat(24), disabled: true }],
    ['users:delete', deleteUser, { userId: 'f'.repeat(24) }],
  ] as const)('ask for %s', async (scope, contract, request) => {
    const others = ['users:create', 'users:read', 'users:update', 'users:delete'].filter((other) => other !== scope);
    const { who } = await people.signedIn({ scopes: [...others, 'keys:*'] });

    const error = await gateway.refusal(contract, request, who);

    expect(error).toMatchObject({ code: 'INSUFFICIENT_SCOPE', params: { scope } });
  });

  it.each([
    [getUser, {}],
    [changeUser, { disabled: true }],
    [deleteUser, {}],
  ] as const)('find nobody by an id that nobody has', async (contract, request) => {
    const error = await gateway.refusal(contract, { ...request, userId: 'f'.repeat(24) }, owner);

    expect(error).toMatchObject({ code: 'USER_NOT_FOUND' });
  });

  it('let an admin see owners, and neither change nor delete nor make one', async () => {
    const admin = await people.signedIn({ role: 'admin' });

    const seen = await gateway.ask(listUsers, { limit: 1000 }, admin.who);
    const refusals = [
      await refusedChange(ownerId, { disabled: true }, admin.who),
      await refusedChange(ownerId, { password: 'correct horse battery' }, admin.who),
      await refusedChange(admin.id, { role: 'owner' }, admin.who),
      await gateway.refusal(deleteUser, { userId: ownerId }, admin.who),
      await gateway.refusal(createUser, { email: people.newEmail(), role: 'owner' }, admin.who),
    ];

    expect(seen.items).toContainEqual(expect.objectContaining({ id: ownerId, role: 'owner', scopes: ['*'] }));
    for (const error of refusals) expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope: '*' } });
    expect(await gateway.ask(getUser, { userId: admin.id }, admin.who)).toMatchObject({
      role: 'admin',
      scopes: [...scopesOfRole.admin],
    });
  });

  it('let nobody give more than their token has, whatever their user may do', async () => {
    const { token } = await gateway.ask(createKey, { name: 'k', scopes: ['users:*', 'records:read:a'] }, owner);
    const through = whoHas(token);
    const member = await people.signedIn();

    expect(await refusedChange(member.id, { scopes: ['records:read:*'] }, through)).toMatchObject({
      code: 'SCOPE_NOT_HELD',
      params: { scope: 'records:read:*' },
    });
    expect(await change(member.id, { scopes: ['records:read:a'] }, through)).toMatchObject({
      scopes: ['records:read:a'],
    });
    expect(await refusedChange(ownerId, { password: 'correct horse battery' }, through)).toMatchObject({
      code: 'SCOPE_NOT_HELD',
    });
  });

  it('let a token that is narrowed to rows give nothing on datasets', async () => {
    const details = [{ type: 'keyport_dataset' as const, datasets: ['a'], actions: ['records:read'], fields: ['x'] }];
    const narrowed = { ...owner, authorization_details: details };

    const error = await gateway.refusal(createUser, { email: people.newEmail(), scopes: ['records:read:a'] }, narrowed);

    expect(error).toMatchObject({ code: 'SCOPE_NOT_HELD', params: { scope: 'records:read:a' } });
  });

  it('page through users, the newest first, each once', async () => {
    const made = [(await people.signedIn()).id, (await people.signedIn()).id, (await people.signedIn()).id];

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await gateway.ask(listUsers, { limit: 2, ...(cursor !== undefined && { cursor }) }, owner);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);

    expect(seen.slice(0, 3)).toEqual([...made].reverse());
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.at(-1)).toBe(ownerId);
    expect(await gateway.refusal(listUsers, { cursor: 'nonsense' }, owner)).toMatchObject({ code: 'CURSOR_INVALID' });
  });
});
