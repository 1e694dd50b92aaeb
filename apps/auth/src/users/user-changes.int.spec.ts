import {
  buckets,
  changeUser,
  createKey,
  createUser,
  deleteUser,
  getKey,
  getUser,
  login,
  refreshSession,
  type RequestInput,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { eventually, quickest, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
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

beforeAll(async () => {
  ({ system, gateway, people } = await startTwoProcesses());
  owner = people.owner;
});

afterAll(() => system.stop());

const rightsOf = async (userId: string) => {
  const entry = await (await openBucket(system.bus, buckets.rights)).get(`user.${userId}`);
  return entry?.operation === 'PUT' ? entry.json() : undefined;
};

const change = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>) =>
  gateway.ask(changeUser, { ...asked, userId }, owner);

const refusedChange = (userId: string, asked: Omit<RequestInput<typeof changeUser>, 'userId'>, who = owner) =>
  gateway.refusal(changeUser, { ...asked, userId }, who);

/** Each process follows the bus by itself, and either may be asked. */
const untilCode = (who: Who, wanted: string) =>
  eventually(
    () => people.codeOfKeys(who),
    (code) => code === wanted,
  );

describe('a change', () => {
  it('is on the bus before it is answered, and holds for sessions and keys within a second', async () => {
    const tried = async () => {
      const { id, who } = await people.signedIn({ scopes: ['keys:*', 'records:read:a'] });
      const { token } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, who);
      expect(await people.codeOfKeys(whoHas(token))).toBe('none');

      const changed = await change(id, { scopes: ['records:read:a'] });

      const answered = Date.now();
      expect(changed.scopes).toEqual(['records:read:a']);
      expect(await rightsOf(id)).toMatchObject({ scopes: ['records:read:a'] });
      for (const each of [who, whoHas(token)]) await untilCode(each, 'INSUFFICIENT_SCOPE');
      return Date.now() - answered;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('of the role takes the scopes of a member, and gives those of the role', async () => {
    const { id, who } = await people.signedIn({ scopes: ['records:read:a'] });

    expect(await change(id, { role: 'admin' })).toMatchObject({ role: 'admin', scopes: [...scopesOfRole.admin] });
    expect(await change(id, { role: 'member' })).toMatchObject({ role: 'member', scopes: [] });
    expect(await refusedChange(id, { role: 'admin', scopes: ['keys:read'] })).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'scopes' }],
    });
    await untilCode(who, 'INSUFFICIENT_SCOPE');
  });

  it('that disables ends tokens and sessions, which do not come back when the user does', async () => {
    const { id, email, password, session, who } = await people.signedIn({ scopes: ['keys:*'] });
    const { token } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, who);

    await change(id, { disabled: true });

    await untilCode(who, 'TOKEN_REVOKED');
    await untilCode(whoHas(token), 'TOKEN_REVOKED');
    expect(await gateway.refusal(login, { email, password, address })).toMatchObject({ code: 'LOGIN_FAILED' });
    const refresh = () => gateway.refusal(refreshSession, { refreshToken: session.refreshToken });
    expect(await refresh()).toMatchObject({ code: 'REFRESH_INVALID' });
    await change(id, { disabled: false });
    expect(await refresh()).toMatchObject({ code: 'REFRESH_INVALID' });
    await untilCode(who, 'TOKEN_REVOKED');
    await untilCode(whoHas(token), 'none');
    expect(await gateway.refusal(login, { email, password, address })).toBeUndefined();
  });

  it('of the password ends all sessions, and leaves keys', async () => {
    const { id, email, password, session, who } = await people.signedIn({ scopes: ['keys:*'] });
    const { token } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, who);

    await change(id, { password: 'another long password' });

    await untilCode(who, 'TOKEN_REVOKED');
    expect(await gateway.refusal(refreshSession, { refreshToken: session.refreshToken })).toMatchObject({
      code: 'REFRESH_INVALID',
    });
    expect(await people.codeOfKeys(whoHas(token))).toBe('none');
    expect(await gateway.refusal(login, { email, password, address })).toMatchObject({ code: 'LOGIN_FAILED' });
    const next = { email, password: 'another long password', address };
    expect(await gateway.refusal(login, next)).toBeUndefined();
  });

  it('that is refused changes nothing', async () => {
    const { id, who } = await people.signedIn({ scopes: ['users:update', 'keys:read'] });

    await refusedChange(id, { disabled: false, scopes: ['users:update', 'keys:*'] }, who);

    expect(await gateway.ask(getUser, { userId: id }, owner)).toMatchObject({ scopes: ['users:update', 'keys:read'] });
  });
});

describe('deleting a user', () => {
  it('ends their sessions and keys, and leaves nothing to find', async () => {
    const { id, email, password, session, who } = await people.signedIn({ scopes: ['keys:*'] });
    const { token, key } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, who);

    await gateway.ask(deleteUser, { userId: id }, owner);

    expect(await rightsOf(id)).toBeUndefined();
    for (const each of [who, whoHas(token)]) await untilCode(each, 'TOKEN_REVOKED');
    expect(await gateway.refusal(getUser, { userId: id }, owner)).toMatchObject({ code: 'USER_NOT_FOUND' });
    expect(await gateway.refusal(deleteUser, { userId: id }, owner)).toMatchObject({ code: 'USER_NOT_FOUND' });
    expect(await gateway.refusal(refreshSession, { refreshToken: session.refreshToken })).toMatchObject({
      code: 'REFRESH_INVALID',
    });
    expect(await gateway.refusal(login, { email, password, address })).toMatchObject({ code: 'LOGIN_FAILED' });
    expect((await gateway.ask(getKey, { keyId: key.id }, owner)).revokedAt).not.toBeNull();
    expect(await system.database.collection('sessions').countDocuments({ userId: id })).toBe(0);
  });

  it('frees the email for another user, who has nothing of the first', async () => {
    const first = await people.signedIn({ scopes: ['keys:*'] });
    await gateway.ask(deleteUser, { userId: first.id }, owner);

    const { user } = await gateway.ask(createUser, { email: first.email, scopes: ['keys:*'] }, owner);

    expect(user.id).not.toBe(first.id);
    await untilCode(first.who, 'TOKEN_REVOKED');
  });
});
