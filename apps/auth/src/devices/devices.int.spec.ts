import {
  authorizeDevice,
  createClient,
  decideDevice,
  deviceCodeGrantType,
  getDeviceRequest,
  oauthToken,
  type ClientAuthentication,
} from '@keyport/contracts';
import { codeOf, refusalOf, type GatewayDouble } from '@keyport/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { People } from '../harness/people.ts';
import { letPass, startClock, stopClock } from '../harness/stopped-clock.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';
import type { DeviceAuthorization } from './device-authorization.model.ts';

type SignedIn = Awaited<ReturnType<People['signedIn']>>;

const scopes = ['keys:read', 'audit:read'];

let system: AuthSystem;
let gateway: GatewayDouble;
let people: People;
let client: ClientAuthentication;
let serial = 0;

beforeAll(async () => {
  ({ system, gateway, people } = await startTwoProcesses());
  const request = { name: 'screen', authentication: 'none' as const, grants: [deviceCodeGrantType], scopes };
  const created = await gateway.ask(createClient, request, people.owner);
  client = { method: 'none', clientId: created.client.id };
});

beforeEach(async () => {
  await system.database.collection('login-windows').deleteMany({});
  stopClock();
});

afterEach(startClock);

afterAll(() => system.stop());

/** Somewhere else each time, so that no address is held back for what another test tried. */
const newAddress = () => `192.0.2.${(serial += 1)}`;

const codes = () => gateway.ask(authorizeDevice, { client, address: newAddress() });

const poll = (deviceCode: string) => {
  const grant = { grant_type: deviceCodeGrantType, device_code: deviceCode } as const;
  return gateway.ask(oauthToken, { grant, client, address: newAddress() });
};

const decide = (by: SignedIn, userCode: string, { approve = true, address = newAddress() } = {}) =>
  gateway.ask(decideDevice, { userCode, approve, address }, by.who);

const stored = () => system.database.collection<DeviceAuthorization>('device-authorizations');
const only = (userCode: string) => ({ userCode: userCode.replace('-', '') });

describe('A device code', () => {
  it('is not stored, and the user code is eight letters in two halves', async () => {
    const asked = await codes();

    const text = JSON.stringify(await stored().find().toArray());

    expect(text).not.toContain(asked.device_code);
    expect(asked.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(asked.verification_uri_complete).toBe(`${asked.verification_uri}?user_code=${asked.user_code}`);
    expect([asked.expires_in, asked.interval]).toEqual([600, 5]);
  });

  it('moves the polls apart, by five seconds with each that comes too soon, whichever process is asked', async () => {
    const { device_code: code, user_code: userCode } = await codes();

    const outcomes = [await codeOf(poll(code)), await codeOf(poll(code)), await codeOf(poll(code))];
    letPass(14_000);
    outcomes.push(await codeOf(poll(code)));
    letPass(20_000);
    outcomes.push(await codeOf(poll(code)));

    const slow = 'DEVICE_SLOW_DOWN';
    expect(outcomes).toEqual(['DEVICE_PENDING', slow, slow, slow, 'DEVICE_PENDING']);
    expect(await stored().findOne(only(userCode))).toMatchObject({ intervalSeconds: 20 });
  });

  it('ends in time: the device is told so, and nobody can allow it any more', async () => {
    const account = await people.signedIn({ scopes });
    const { device_code: code, user_code: userCode } = await codes();
    await stored().updateOne(only(userCode), { $set: { expiresAt: new Date(Date.now() - 1) } });

    expect(await codeOf(decide(account, userCode))).toBe('DEVICE_CODE_NOT_FOUND');
    expect(await codeOf(poll(code))).toBe('DEVICE_CODE_EXPIRED');
  });

  it('is decided once, however many decide at once', async () => {
    const account = await people.signedIn({ scopes });
    const { user_code: userCode } = await codes();

    const outcomes = await Promise.all(Array.from({ length: 6 }, () => codeOf(decide(account, userCode))));

    expect(outcomes.filter((code) => code === 'none')).toHaveLength(1);
    expect(outcomes.filter((code) => code === 'DEVICE_CODE_NOT_FOUND')).toHaveLength(5);
    const live = await system.database
      .collection('sessions')
      .countDocuments({ userId: account.id, clientId: { $type: 'string' }, endedAt: null });
    expect(live).toBe(1);
  });

  it('hands out its tokens once, however many fetch them at once; a second use ends them', async () => {
    const account = await people.signedIn({ scopes });
    const { device_code: code, user_code: userCode } = await codes();
    await decide(account, userCode);

    const outcomes = await Promise.all(Array.from({ length: 6 }, () => codeOf(poll(code))));

    expect(outcomes.filter((outcome) => outcome === 'none').length).toBeLessThanOrEqual(1);
    expect(new Set(outcomes.filter((outcome) => outcome !== 'none'))).toEqual(new Set(['OAUTH_GRANT_INVALID']));
    const sessions = system.database.collection('sessions');
    expect(await sessions.countDocuments({ userId: account.id, clientId: { $type: 'string' }, endedAt: null })).toBe(0);
  });

  it('that was allowed and never fetched leaves a sign-in that ends with it', async () => {
    const account = await people.signedIn({ scopes });
    const { user_code: userCode } = await codes();
    await decide(account, userCode);

    const authorization = await stored().findOne(only(userCode));
    const session = await system.database
      .collection<{ _id: string; expiresAt: Date }>('sessions')
      .findOne({ _id: authorization?.sessionId ?? '' });

    expect(session?.expiresAt).toEqual(authorization?.expiresAt);
  });

  it('shows what would be given: of what is asked, what the person may', async () => {
    const account = await people.signedIn({ scopes: ['keys:*'] });
    const { user_code: userCode } = await codes();

    const shown = await gateway.ask(getDeviceRequest, { userCode, address: newAddress() }, account.who);

    expect(shown).toMatchObject({ userCode, client: { name: 'screen' }, scopes, granted: ['keys:read'] });
  });
});

describe('Wrong user codes', () => {
  it('hold back the person who types them, not others', async () => {
    const [guesser, other] = [await people.signedIn({ scopes }), await people.signedIn({ scopes })];
    const { user_code: userCode } = await codes();

    for (const letter of 'BCDFGHJKLM') await codeOf(decide(guesser, `ZZZZ-ZZZ${letter}`));
    const refused = await refusalOf(decide(guesser, userCode));

    expect(refused).toMatchObject({ code: 'DEVICE_CODE_THROTTLED' });
    expect(Number(refused?.params.retryAfterSeconds)).toBeGreaterThan(0);
    expect((await decide(other, userCode)).state).toBe('approved');
  });

  it('hold back an address, whoever types them there', async () => {
    const address = newAddress();
    const { user_code: userCode } = await codes();
    const guessers = await Promise.all(Array.from({ length: 6 }, () => people.signedIn({ scopes })));

    for (const guesser of guessers.slice(0, 5))
      for (const letter of 'BCDFGHJKLM') await codeOf(decide(guesser, `ZZZZ-ZZZ${letter}`, { address }));
    const [there, elsewhere] = [
      await codeOf(decide(guessers[5] as SignedIn, userCode, { address })),
      await codeOf(decide(guessers[5] as SignedIn, userCode)),
    ];

    expect([there, elsewhere]).toEqual(['DEVICE_CODE_THROTTLED', 'none']);
  });

  it('cost nothing where the code is right', async () => {
    const account = await people.signedIn({ scopes });

    for (let turn = 0; turn < 12; turn += 1)
      await decide(account, (await codes()).user_code, { address: '192.0.2.250' });

    expect(await system.database.collection('login-windows').countDocuments({ failures: { $gt: 0 } })).toBe(0);
  });
});

it('Of one client so many devices may wait', async () => {
  const request = { name: 'flooded', authentication: 'none' as const, grants: [deviceCodeGrantType], scopes };
  const { client: flooded } = await gateway.ask(createClient, request, people.owner);
  const [one] = await stored().find().limit(1).toArray();
  const waiting = Array.from({ length: 1_000 }, (_, at) => ({
    ...(one as DeviceAuthorization),
    ...{ _id: `flood-${at}`, userCode: `flood-${at}`, clientId: flooded.id, state: 'pending' as const },
    expiresAt: new Date(Date.now() + 3_600_000),
  }));
  await stored().insertMany(waiting);

  const asking = gateway.ask(authorizeDevice, {
    client: { method: 'none', clientId: flooded.id },
    address: newAddress(),
  });

  expect(await codeOf(asking)).toBe('DEVICE_TOO_MANY_WAITING');
});

it('Of one client one address has few waiting, and leaves room for those elsewhere', async () => {
  const request = { name: 'shared', authentication: 'none' as const, grants: [deviceCodeGrantType], scopes };
  const { client: shared } = await gateway.ask(createClient, request, people.owner);
  const ask = (address: string) =>
    codeOf(gateway.ask(authorizeDevice, { client: { method: 'none', clientId: shared.id }, address }));
  const flooding = newAddress();

  const outcomes: (string | undefined)[] = [];
  for (let asked = 0; asked < 101; asked += 1) outcomes.push(await ask(flooding));

  expect(outcomes.indexOf('DEVICE_TOO_MANY_WAITING')).toBe(100);
  expect(await ask(newAddress())).not.toBe('DEVICE_TOO_MANY_WAITING');
});
