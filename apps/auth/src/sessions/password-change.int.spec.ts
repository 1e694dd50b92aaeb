import { changePassword, changeUser, createKey, login, refreshSession } from '@keyport/contracts';
import { whoHas, type GatewayDouble } from '@keyport/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { People, Session } from '../harness/people.ts';
import { letPass, startClock, stopClock } from '../harness/stopped-clock.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';

const address = '127.0.0.1';

let system: AuthSystem;
let gateway: GatewayDouble;
let people: People;

beforeAll(async () => {
  ({ system, gateway, people } = await startTwoProcesses());
});

afterEach(startClock);

afterAll(() => system.stop());

describe('changing the password', () => {
  const newPassword = 'another long password';

  const changing = (session: Session, currentPassword: string, next = newPassword) =>
    gateway.refusal(changePassword, { currentPassword, newPassword: next, address }, whoHas(session.accessToken));

  it('ends the other sessions, and the old password', async () => {
    const { email, password, signIn } = await people.account({ scopes: ['keys:*'] });
    const [here, elsewhere] = [await signIn(), await signIn()];

    expect(await changing(here, password)).toBeUndefined();

    expect(await people.refusalsOf(elsewhere)).toEqual(['TOKEN_REVOKED', 'REFRESH_INVALID']);
    expect(await people.codeOfKeys(whoHas(here.accessToken))).toBe('none');
    expect(await gateway.refusal(refreshSession, { refreshToken: here.refreshToken })).toBeUndefined();
    expect(await gateway.refusal(login, { email, password, address })).toMatchObject({ code: 'LOGIN_FAILED' });
    expect(await gateway.refusal(login, { email, password: newPassword, address })).toBeUndefined();
  });

  it('asks for a session', async () => {
    const { accessToken } = await (await people.account({ scopes: ['keys:*'] })).signIn();
    const { token } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:*'] }, whoHas(accessToken));

    const error = await changing({ accessToken: token } as Session, 'correct horse battery');

    expect(error).toMatchObject({ code: 'SESSION_NEEDED' });
  });

  it('refuses a short one', async () => {
    const { password, signIn } = await people.account({ scopes: ['keys:*'] });

    expect(await changing(await signIn(), password, 'short')).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'newPassword' }],
    });
  });

  it('counts a wrong current password as a failed attempt, for the session wherever it asks from', async () => {
    const { password, signIn } = await people.account({ scopes: ['keys:*'] });
    const session = await signIn();
    stopClock();
    const from = (place: string, currentPassword: string) =>
      gateway.refusal(changePassword, { currentPassword, newPassword, address: place }, whoHas(session.accessToken));

    for (let count = 1; count <= 5; count += 1)
      expect(await from(`10.2.0.${count}`, 'wrong')).toMatchObject({ code: 'PASSWORD_WRONG' });

    expect(await from('10.2.0.6', password)).toMatchObject({
      code: 'LOGIN_THROTTLED',
      params: { retryAfterSeconds: 1 },
    });
    letPass(1_000);
    expect(await from('10.2.0.7', password)).toBeUndefined();
  });

  it('twice at once is done once', async () => {
    const { email, password, signIn } = await people.account({ scopes: ['keys:*'] });
    const [one, other] = [await signIn(), await signIn()];

    const codes = await Promise.all([
      changing(one, password, 'the first long password'),
      changing(other, password, 'the other long password'),
    ]);

    expect(codes.filter((error) => error === undefined)).toHaveLength(1);
    // Whoever comes when all is done has lost their session too.
    expect(['PASSWORD_WRONG', 'TOKEN_REVOKED']).toContain(codes.find((error) => error !== undefined)?.code);
    const winner = codes[0] === undefined ? 'the first long password' : 'the other long password';
    expect(await gateway.refusal(login, { email, password: winner, address })).toBeUndefined();
  });

  it('leaves no session to whoever signs in with the old one meanwhile', async () => {
    const { id, signIn } = await people.account({ scopes: ['keys:*'] });

    for (let round = 0; round < 3; round += 1) {
      await gateway.ask(changeUser, { userId: id, password: 'correct horse battery' }, people.owner);
      const attempts = Array.from({ length: 6 }, () => signIn().catch(() => undefined));
      await gateway.ask(changeUser, { userId: id, password: newPassword }, people.owner);
      const sessions = (await Promise.all(attempts)).filter((session) => session !== undefined);

      for (const session of sessions)
        expect(await people.refusalsOf(session)).toEqual(['TOKEN_REVOKED', 'REFRESH_INVALID']);
    }
  });
});
