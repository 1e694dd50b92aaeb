import { createUser, login } from '@keyport/contracts';
import { eventually, until, whoHas, type GatewayDouble, type Who } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthSystem } from '../harness/auth-system.ts';
import { letPass, startClock, stopClock } from '../harness/stopped-clock.ts';
import { accountPolicy, addressPolicy, pairPolicy, windowAt } from './throttle.ts';

const password = 'correct horse battery';

let system: AuthSystem;
let gateway: GatewayDouble;
let owner: Who;

beforeAll(async () => {
  system = await AuthSystem.start();
  // Two processes share the work, and must share what they count.
  await system.serve();
  await system.serve();
  gateway = await system.gateway();
  const file = await system.ownerFile();
  owner = whoHas(
    (await gateway.ask(login, { email: file.email, password: file.password, address: '192.0.2.1' })).accessToken,
  );
  // No stretch of the clock that is counted in ends in the middle of a test, and no wait before the test says so.
  const left = (policy: typeof accountPolicy) => windowAt(new Date(), policy).endsAt.getTime() - Date.now();
  await until(() => left(accountPolicy) > 20_000 && left(addressPolicy) > 20_000, 'a new quarter of an hour');
  stopClock();
}, 180_000);

afterAll(async () => {
  startClock();
  await system.stop();
});

let numbers = 0;
const another = () => (numbers += 1);
/** An address that nobody signed in from. */
const newAddress = () => `10.${another() >> 8}.${numbers & 255}.1`;
const nobody = () => `nobody-${another()}@example.org`;

async function account(): Promise<string> {
  const email = `account-${another()}@example.org`;
  await gateway.ask(createUser, { email, password }, owner);
  return email;
}

const attempt = (email: string, given: string, address: string) =>
  gateway.refusal(login, { email, password: given, address });

const codeOf = async (email: string, given: string, address: string) =>
  (await attempt(email, given, address))?.code ?? 'none';

const failing = (times: number, email: string, address: string) =>
  Promise.all(Array.from({ length: times }, () => codeOf(email, 'wrong', address)));

const countOf = (codes: readonly string[], code: string) => codes.filter((each) => each === code).length;

/** As many failures as the account takes, each from another address and a few at a time. */
async function besiege(email: string, times: number): Promise<string[]> {
  const codes: string[] = [];
  while (codes.length < times) {
    const batch = Math.min(20, times - codes.length);
    codes.push(...(await Promise.all(Array.from({ length: batch }, () => codeOf(email, 'wrong', newAddress())))));
  }
  return codes;
}

describe('logins to one account from one address', () => {
  it('wait after five failures, even with the right password, and go on after the wait', async () => {
    const email = await account();
    const address = newAddress();
    for (let count = 1; count <= pairPolicy.freeFailures; count += 1)
      expect(await codeOf(email, 'wrong', address)).toBe('LOGIN_FAILED');

    const error = await attempt(email, password, address);

    expect(error).toMatchObject({ code: 'LOGIN_THROTTLED', params: { retryAfterSeconds: 1 } });
    letPass(999);
    expect(await codeOf(email, password, address)).toBe('LOGIN_THROTTLED');
    letPass(1);
    expect(await codeOf(email, password, address)).toBe('none');
    // A success makes all as it was.
    expect(await failing(1, email, address)).toEqual(['LOGIN_FAILED']);
  });

  it('wait twice as long after each further failure', async () => {
    const email = await account();
    const address = newAddress();
    await failing(5, email, address);
    letPass(1_000);
    expect(await codeOf(email, 'wrong', address)).toBe('LOGIN_FAILED');

    expect(await attempt(email, 'wrong', address)).toMatchObject({ params: { retryAfterSeconds: 2 } });
  });

  it('cannot slip through by coming all at once', async () => {
    const email = await account();

    const codes = await failing(60, email, newAddress());

    expect(countOf(codes, 'LOGIN_FAILED')).toBe(pairPolicy.freeFailures);
    expect(countOf(codes, 'LOGIN_THROTTLED')).toBe(60 - pairPolicy.freeFailures);
  });

  it('that are held back cost no hash', async () => {
    const email = await account();
    const address = newAddress();
    await failing(5, email, address);

    // The queue of hashes would take 66 of them.
    const codes = await failing(400, email, address);

    expect(new Set(codes)).toEqual(new Set(['LOGIN_THROTTLED']));
  });

  it('hold back no other address, and no other account', async () => {
    const [email, other] = [await account(), await account()];
    const address = newAddress();
    await failing(10, email, address);

    expect(await codeOf(email, password, newAddress())).toBe('none');
    expect(await codeOf(other, password, address)).toBe('none');
  });

  it('are counted alike for an account that does not exist', async () => {
    const [email, address] = [nobody(), newAddress()];

    const codes = await failing(10, email, address);

    expect(countOf(codes, 'LOGIN_FAILED')).toBe(pairPolicy.freeFailures);
    expect(await attempt(email, 'wrong', address)).toMatchObject({ code: 'LOGIN_THROTTLED' });
  });

  it('are counted whatever the case of the email', async () => {
    const email = await account();
    const address = newAddress();
    await failing(5, email, address);

    expect(await codeOf(email.toUpperCase(), password, address)).toBe('LOGIN_THROTTLED');
  });
});

describe('logins from one address', () => {
  it('are held back after fifty failures, on whatever accounts; from another address all goes on', async () => {
    const address = newAddress();
    const email = await account();
    const codes: string[] = [];
    for (let at = 0; at < 60; at += 20)
      codes.push(...(await Promise.all(Array.from({ length: 20 }, () => codeOf(nobody(), 'wrong', address)))));

    const error = await attempt(email, password, address);

    expect(countOf(codes, 'LOGIN_FAILED')).toBe(addressPolicy.limit);
    expect(error).toMatchObject({ code: 'LOGIN_THROTTLED' });
    expect(error?.params.retryAfterSeconds).toBeLessThanOrEqual(addressPolicy.windowMs / 1000);
    expect(await codeOf(email, password, newAddress())).toBe('none');
  });

  it('are not held back by their successes', async () => {
    const address = newAddress();
    const email = await account();
    for (let at = 0; at < addressPolicy.limit + 10; at += 10)
      await Promise.all(Array.from({ length: 5 }, () => codeOf(email, password, address)));

    expect(await codeOf(await account(), password, address)).toBe('none');
  });
});

describe('an attack on one account from many addresses', () => {
  it('is held back after a hundred failures, and keeps nobody out who comes from where they came before', async () => {
    const email = await account();
    const home = newAddress();
    expect(await codeOf(email, password, home)).toBe('none');

    const codes = await besiege(email, accountPolicy.limit + 40);

    expect(countOf(codes, 'LOGIN_FAILED')).toBe(accountPolicy.limit);
    expect(countOf(codes, 'LOGIN_THROTTLED')).toBe(40);
    // Even who knows the password by then is taken for a guesser, unless the address is known.
    const error = await attempt(email, password, newAddress());
    expect(error).toMatchObject({ code: 'LOGIN_THROTTLED' });
    expect(error?.params.retryAfterSeconds).toBeLessThanOrEqual(accountPolicy.windowMs / 1000);
    expect(await codeOf(email, 'mistyped', home)).toBe('LOGIN_FAILED');
    expect(await codeOf(email, password, home)).toBe('none');
    expect(await codeOf(await account(), password, newAddress())).toBe('none');
  });

  it('looks the same for an account that does not exist', async () => {
    const email = nobody();

    const codes = await besiege(email, accountPolicy.limit + 5);

    expect(countOf(codes, 'LOGIN_FAILED')).toBe(accountPolicy.limit);
    expect(await attempt(email, 'wrong', newAddress())).toMatchObject({ code: 'LOGIN_THROTTLED' });
  });

  it('is not helped by attempts that are held back: they are not counted against the account', async () => {
    const email = await account();
    await failing(accountPolicy.limit + 100, email, newAddress());

    expect(await codeOf(email, password, newAddress())).toBe('none');
  });
});

describe('what was counted', () => {
  it('names no email and no address', async () => {
    const [email, address] = [nobody(), '203.0.113.77'];
    await failing(2, email, address);

    const collections = ['login-pairs', 'login-windows', 'known-addresses'];
    const stored = await Promise.all(collections.map((name) => system.database.collection(name).find().toArray()));

    expect(stored.every((documents) => documents.length > 0)).toBe(true);
    expect(JSON.stringify(stored)).not.toContain(email);
    expect(JSON.stringify(stored)).not.toContain(address);
  });

  it('outlives a restart of the service', async () => {
    const email = await account();
    const address = newAddress();
    await failing(5, email, address);

    await system.endServices();
    await system.serve();

    const code = await eventually(
      () => codeOf(email, password, address),
      (answer) => answer !== 'SERVICE_UNAVAILABLE',
    );
    expect(code).toBe('LOGIN_THROTTLED');
  });
});
