import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  faultyPathsOf,
  oneOfThree,
  outcomeOf,
  refusedWithinASecond,
  signedInUser,
  signIn,
  TestStack,
  until,
  type KeyportClient,
  type Problem,
  type Reply,
  type TestSession,
} from '@keyport/testing';

const email = 'bad@example.com';

let stack: TestStack;
let owner: KeyportClient;

beforeAll(async () => {
  stack = await TestStack.start();
  owner = stack.client;
});

afterAll(() => stack?.stop());

const login = (json: unknown) =>
  owner.with(undefined).request<TestSession & Problem>('/v1/auth/login', { method: 'POST', json });
const refresh = (refreshToken: unknown) =>
  owner.with(undefined).request<TestSession & Problem>('/v1/auth/refresh', { method: 'POST', json: { refreshToken } });
const me = (token: string) => owner.with(token).request<Problem>('/v1/auth/me');

describe('Signing in', () => {
  it.each<[string, unknown, string[]]>([
    ['no password', { email }, ['password']],
    ['no email', { password: 'x' }, ['email']],
    ['a password that is too long', { email, password: 'p'.repeat(1025) }, ['password']],
    ['an operator of MongoDB', { email: { $ne: null }, password: { $ne: null } }, ['email', 'password']],
    ['an unknown field', { email, password: 'x', address: '127.0.0.9' }, ['body']],
  ])('names what is wrong: %s', async (_what, json, paths) => {
    const reply = await login(json);

    expect([reply.status, faultyPathsOf(reply)]).toEqual([422, paths]);
  });
});

describe('A session', () => {
  it('goes on with each refresh token once, and ends where one is used again', async () => {
    const first = await signedInUser(owner);

    const second = await refresh(first.refreshToken);
    const third = await refresh(second.body.refreshToken);
    const reused = await refresh(second.body.refreshToken);

    expect([second.status, third.status]).toEqual([200, 200]);
    expect(new Set([first.refreshToken, second.body.refreshToken, third.body.refreshToken]).size).toBe(3);
    expect(outcomeOf(reused)).toEqual([401, 'REFRESH_REUSED']);
    for (const { accessToken } of [first, second.body, third.body])
      expect(outcomeOf(await refusedWithinASecond(owner.with(accessToken)))).toEqual([401, 'TOKEN_REVOKED']);
    expect(outcomeOf(await refresh(third.body.refreshToken))).toEqual([401, 'REFRESH_INVALID']);
  });

  it.each<[string, unknown, number, string]>([
    ['is unknown', 'kpr_unknown', 401, 'REFRESH_INVALID'],
    ['is an access token', 'eyJ', 401, 'REFRESH_INVALID'],
    ['is no text', { $gt: '' }, 422, 'VALIDATION_FAILED'],
    ['is too long', 'k'.repeat(1025), 422, 'VALIDATION_FAILED'],
  ])('does not go on with a refresh token that %s', async (_what, token, status, code) => {
    expect(outcomeOf(await refresh(token))).toEqual([status, code]);
  });

  it('ends with its logout, and no other one of the user with it', async () => {
    const { email, password, ...ended } = await signedInUser(owner);
    const other = await signIn(owner, email, password);

    const { status } = await ended.client.request('/v1/auth/logout', { method: 'POST' });

    expect(status).toBe(204);
    await refusedWithinASecond(ended.client);
    expect(outcomeOf(await refresh(ended.refreshToken))).toEqual([401, 'REFRESH_INVALID']);
    expect([(await me(other.accessToken)).status, (await refresh(other.refreshToken)).status]).toEqual([200, 200]);
  });

  it('that changes the password stays, and ends all others', async () => {
    const { email, password, client, accessToken, refreshToken } = await signedInUser(owner, { scopes: ['keys:*'] });
    const other = await signIn(owner, email, password);
    const key = await client.minted('keys:read');
    const put = (by: KeyportClient, json: unknown) => by.request<Problem>('/v1/auth/password', { method: 'PUT', json });
    const newPassword = 'another horse battery';

    expect(outcomeOf(await put(client, { currentPassword: 'wrong', newPassword }))).toEqual([403, 'PASSWORD_WRONG']);
    const short = await put(client, { currentPassword: password, newPassword: 'short' });
    expect([short.status, faultyPathsOf(short)]).toEqual([422, ['newPassword']]);
    expect(outcomeOf(await put(key, { currentPassword: password, newPassword }))).toEqual([403, 'SESSION_NEEDED']);
    expect((await login({ email, password })).status).toBe(200);

    expect((await put(client, { currentPassword: password, newPassword })).status).toBe(204);

    await refusedWithinASecond(owner.with(other.accessToken));
    expect(outcomeOf(await refresh(other.refreshToken))).toEqual([401, 'REFRESH_INVALID']);
    expect([(await me(accessToken)).status, (await refresh(refreshToken)).status]).toEqual([200, 200]);
    expect((await me(key.token ?? '')).status).toBe(200);
    expect(outcomeOf(await login({ email, password }))).toEqual([401, 'LOGIN_FAILED']);
    expect((await login({ email, password: newPassword })).status).toBe(200);
  });
});

describe('Guessing passwords', () => {
  /** A login from another address of this machine: all of 127.0.0.0/8 is. */
  async function loginFrom(address: string, json: unknown): Promise<Reply<Problem>> {
    const sent = httpRequest(`${stack.gatewayUrl}/v1/auth/login`, {
      method: 'POST',
      localAddress: address,
      headers: { 'content-type': 'application/json' },
    });
    sent.end(JSON.stringify(json));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    const headers = new Headers({ 'retry-after': response.headers['retry-after'] ?? '' });
    return { status: response.statusCode ?? 0, headers, body: JSON.parse(text) as Problem };
  }

  let addresses = 0;
  const nextAddress = () => `127.0.1.${(addresses += 1)}`;

  /** Four guesses, and three more at once: the fifth is the last that is free. Behind one of those, what is given here. */
  async function guess(address: string, wrong: unknown, next: unknown = wrong) {
    for (let free = 0; free < 4; free += 1) expect((await loginFrom(address, wrong)).status).toBe(401);
    const three = [1, 2, 3].map(() => loginFrom(address, wrong));
    const isThrottled = async (reply: Promise<Reply<Problem>>) => {
      if ((await reply).status !== 429) throw new Error('the login was let through');
    };
    await Promise.any(three.map(isThrottled)).catch(() => undefined);
    const behind = await loginFrom(address, next);
    const guesses = await Promise.all(three);
    return { address, guesses, behind, statuses: guesses.map(({ status }) => status).sort() };
  }

  /** The wait of a second may be over before all have come. */
  const isInTime = ({ statuses, behind }: Awaited<ReturnType<typeof guess>>) =>
    statuses.join() === '401,429,429' && behind.status === 429;

  it('makes an address wait, and nobody else', async () => {
    const { email, password } = await signedInUser(owner);
    const right = { email, password };

    // The right password is not even looked at before the wait is over.
    const { address, guesses, behind, statuses } = await oneOfThree(
      () => guess(nextAddress(), { email, password: 'wrong' }, right),
      isInTime,
    );

    expect([...statuses, behind.status]).toEqual([401, 429, 429, 429]);
    for (const reply of [...guesses.filter(({ status }) => status === 429), behind]) {
      expect(reply.body.code).toBe('LOGIN_THROTTLED');
      expect(reply.headers.get('retry-after')).toBe('1');
    }
    expect((await loginFrom(nextAddress(), right)).status).toBe(200);
    expect((await login(right)).status).toBe(200);
    const later = await eventually(
      () => loginFrom(address, right),
      ({ status }) => status !== 429,
    );
    expect(later.status).toBe(200);
  });

  it('is held back alike where there is no such account', async () => {
    const { statuses } = await oneOfThree(
      () => guess(nextAddress(), { email: `${randomUUID()}@example.com`, password: 'wrong' }),
      isInTime,
    );

    expect(statuses).toEqual([401, 429, 429]);
  });

  it('from many addresses closes an account to new ones, and not to where its owner signed in before', async () => {
    const { email, password } = await signedInUser(owner);
    const before = addresses;
    const guessFrom = async (address: string) => {
      for (let guess = 0; guess < 5; guess += 1) await loginFrom(address, { email, password: 'wrong' });
    };

    await until(
      async () => {
        await Promise.all(Array.from({ length: 10 }, () => guessFrom(nextAddress())));
        return (await loginFrom(nextAddress(), { email, password: 'wrong' })).status === 429;
      },
      'the account to be closed to new addresses',
      300_000,
    );

    const stranger = await loginFrom(nextAddress(), { email, password });
    expect([stranger.status, stranger.body.code]).toEqual([429, 'LOGIN_THROTTLED']);
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(addresses - before).toBeGreaterThan(20);
    expect((await login({ email, password })).status).toBe(200);
  }, 360_000);
});
