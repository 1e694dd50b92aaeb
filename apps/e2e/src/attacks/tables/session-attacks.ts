import { randomUUID } from 'node:crypto';
import type { Reply } from '@keyport/testing';
import { answeredBy, type HttpAttack } from '../attack.ts';
import type { Session, Workshop } from '../workshop.ts';

const rotation = 'RFC 9700 §4.14.2; RFC 6749 §10.4';
const racers = 8;

const refresh = (workshop: Workshop, refreshToken: unknown): Promise<Reply> =>
  workshop.ask(undefined, '/v1/auth/refresh', { refreshToken });
const login = (workshop: Workshop, email: unknown, password: unknown): Promise<Reply> =>
  workshop.ask(undefined, '/v1/auth/login', { email, password });
const logout = (workshop: Workshop, token: string) => workshop.ask(token, '/v1/auth/logout', {});

/** Someone whose refresh token was used twice; what each use gave. */
async function reused(workshop: Workshop) {
  const first = await workshop.member();
  const second = (await refresh(workshop, first.refreshToken)).body as Session;
  const again = await refresh(workshop, first.refreshToken);
  return { first, second, again };
}

/** Many uses of one refresh token at once. */
async function raced(workshop: Workshop): Promise<readonly Reply[]> {
  const { refreshToken } = await workshop.member();
  return Promise.all(Array.from({ length: racers }, () => refresh(workshop, refreshToken)));
}
const won = (replies: readonly Reply[]) => replies.filter(({ status }) => status === 200);

const refreshing: HttpAttack[] = [
  ...answeredBy('401 REFRESH_REUSED', rotation, {
    'a refresh token used twice': async (workshop) => (await reused(workshop)).again,
    'eight uses of a refresh token at once: the second of them': async (workshop) => {
      const replies = await raced(workshop);
      if (won(replies).length > 1) throw new Error(`${won(replies).length} of the uses were answered`);
      return replies.find(({ status }) => status !== 200) as Reply;
    },
  }),
  ...answeredBy('401 TOKEN_REVOKED', rotation, {
    'the access token of a session whose refresh token was used twice': async (workshop) =>
      workshop.refusalOf((await reused(workshop)).first.accessToken),
    'the access token that the first of two uses gave': async (workshop) =>
      workshop.refusalOf((await reused(workshop)).second.accessToken),
    'the access token that one of eight uses at once gave': async (workshop) => {
      const [winner] = won(await raced(workshop));
      // Where all eight lost, the session has ended and a fresh one shows what is left: nothing.
      const accessToken = winner ? (winner.body as Session).accessToken : (await reused(workshop)).first.accessToken;
      return workshop.refusalOf(accessToken);
    },
  }),
  ...answeredBy('401 REFRESH_INVALID', rotation, {
    'the refresh token that the first of two uses gave': async (workshop) =>
      refresh(workshop, (await reused(workshop)).second.refreshToken),
    'a refresh token after its session was left': async (workshop) => {
      const member = await workshop.member();
      await logout(workshop, member.accessToken);
      return refresh(workshop, member.refreshToken);
    },
    'a refresh token after the password was changed': async (workshop) => {
      const member = await workshop.member();
      const elsewhere = await workshop.login(member.email, member.password);
      const change = { currentPassword: member.password, newPassword: randomUUID() };
      await workshop.ask(member.accessToken, '/v1/auth/password', change, 'PUT');
      return refresh(workshop, elsewhere.refreshToken);
    },
    'a refresh token of a user who was disabled': async (workshop) => {
      const member = await workshop.member();
      await workshop.ask(workshop.owner.token, `/v1/users/${member.id}`, { disabled: true }, 'PATCH');
      return refresh(workshop, member.refreshToken);
    },
    'a made-up refresh token': (workshop) => refresh(workshop, 'A'.repeat(43)),
    'an access token in the place of a refresh token': async (workshop) =>
      refresh(workshop, workshop.victim.token?.slice(0, 1_000)),
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'CWE-943; RFC 6749 §6', {
    'an object as refresh token': (workshop) => refresh(workshop, { $ne: null }),
    'a refresh token of 1 MB': (workshop) => refresh(workshop, 'A'.repeat(1_000_000)),
  }),
  ...answeredBy('401 TOKEN_INVALID', 'RFC 6749 §1.5; RFC 6750 §2.1', {
    'a refresh token as a bearer token': async (workshop) => workshop.ask((await workshop.member()).refreshToken),
  }),
];

const sessions: HttpAttack[] = [
  ...answeredBy('401 TOKEN_REVOKED', 'OWASP API2:2023; CWE-613', {
    'an access token after its session was left': async (workshop) => {
      const { accessToken } = await workshop.member();
      await logout(workshop, accessToken);
      return workshop.refusalOf(accessToken);
    },
    'an access token from elsewhere after the password was changed': async (workshop) => {
      const member = await workshop.member();
      const elsewhere = await workshop.login(member.email, member.password);
      const change = { currentPassword: member.password, newPassword: randomUUID() };
      await workshop.ask(member.accessToken, '/v1/auth/password', change, 'PUT');
      return workshop.refusalOf(elsewhere.accessToken);
    },
    'an access token of a user who was deleted': async (workshop) => {
      const member = await workshop.member();
      await workshop.ask(workshop.owner.token, `/v1/users/${member.id}`, undefined, 'DELETE');
      return workshop.refusalOf(member.accessToken);
    },
    'the key of a user who was disabled': async (workshop) => {
      const member = await workshop.member('keys:create', 'keys:read');
      const key = await member.client.minted('keys:read');
      await workshop.ask(workshop.owner.token, `/v1/users/${member.id}`, { disabled: true }, 'PATCH');
      return workshop.refusalOf(key.token);
    },
  }),
  ...answeredBy('403 SESSION_NEEDED', 'CWE-620; OWASP API2:2023', {
    'a key changes the password of its owner': (workshop) =>
      workshop.ask(
        workshop.victim.token,
        '/v1/auth/password',
        { currentPassword: workshop.stack.owner.password, newPassword: 'a password of mine' },
        'PUT',
      ),
  }),
  ...answeredBy('403 PASSWORD_WRONG', 'CWE-620', {
    'a stolen session changes the password without knowing it': async (workshop) => {
      const { accessToken } = await workshop.member();
      const change = { currentPassword: 'a guess of mine', newPassword: 'a password of mine' };
      return workshop.ask(accessToken, '/v1/auth/password', change, 'PUT');
    },
  }),
];

const logins: HttpAttack[] = [
  ...answeredBy('401 LOGIN_FAILED', 'OWASP API2:2023; CWE-204', {
    'a login of an email that nobody has': (workshop) => login(workshop, `${randomUUID()}@example.com`, randomUUID()),
    'a login with a wrong password': async (workshop) => login(workshop, (await workshop.member()).email, randomUUID()),
    'a login of a user who was disabled': async (workshop) => {
      const member = await workshop.member();
      await workshop.ask(workshop.owner.token, `/v1/users/${member.id}`, { disabled: true }, 'PATCH');
      return login(workshop, member.email, member.password);
    },
  }),
  ...answeredBy('422 VALIDATION_FAILED', 'CWE-943; CWE-1321', {
    'a login with an object as email': (workshop) => login(workshop, { $gt: '' }, 'x'),
    'a login with an object as password': (workshop) => login(workshop, workshop.stack.owner.email, { $ne: null }),
    'a login with a member that nobody knows': (workshop) =>
      workshop.ask(undefined, '/v1/auth/login', { email: 'a@example.com', password: 'x', role: 'owner' }),
    'a login with a password of 100 KB': (workshop) => login(workshop, 'a@example.com', 'x'.repeat(100_000)),
  }),
];

export const sessionAttacks: readonly HttpAttack[] = [...refreshing, ...sessions, ...logins];
