import { login } from '@keyport/contracts';
import { type GatewayDouble, type OwnerFile } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { AuthSystem } from '../harness/auth-system.ts';

let system: AuthSystem;
let gateway: GatewayDouble;
let owner: OwnerFile;

beforeAll(async () => {
  system = await AuthSystem.start();
  await system.serve();
  owner = await system.ownerFile();
  gateway = await system.gateway();
});

afterAll(() => system.stop());

let addresses = 0;
/** Each attempt from another one, so that none waits for another. */
const anotherAddress = () => `10.1.${(addresses += 1) >> 8}.${addresses & 255}`;

const refusal = (email: string, password: string) =>
  gateway.refusal(login, { email, password, address: anotherAddress() });

describe('login', () => {
  it('gives a session of ten minutes with the claims of RFC 9068 and the rights of the role', async () => {
    const session = await gateway.ask(login, { email: owner.email, password: owner.password, address: '127.0.0.1' });

    const claims = decodeJwt(session.accessToken);
    expect(session).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 });
    expect(Object.keys(claims).sort()).toEqual(['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub']);
    expect(claims).toMatchObject({
      iss: 'http://127.0.0.1:3000',
      aud: 'http://127.0.0.1:3000',
      sub: decodeJwt(owner.token).sub,
      client_id: 'keyport',
      scope: '*',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
  });

  it('gives each session an id of its own', async () => {
    const sessions = await Promise.all(
      [1, 2].map(() => gateway.ask(login, { email: owner.email, password: owner.password, address: '127.0.0.1' })),
    );

    expect(new Set(sessions.map(({ accessToken }) => decodeJwt(accessToken).jti)).size).toBe(2);
  });

  it('takes the email in any case of letters', async () => {
    const session = await gateway.ask(login, {
      email: owner.email.toUpperCase(),
      password: owner.password,
      address: '127.0.0.1',
    });

    expect(session.accessToken).toBeTruthy();
  });

  it('fails in the same words for a wrong email and a wrong password', async () => {
    const wrongPassword = await refusal(owner.email, `${owner.password}x`);
    const wrongEmail = await refusal('nobody@keyport.local', owner.password);

    expect(wrongPassword).toMatchObject({ code: 'LOGIN_FAILED', params: {} });
    expect(wrongEmail).toMatchObject({ code: 'LOGIN_FAILED', params: {} });
    expect(wrongEmail?.message).toBe(wrongPassword?.message);
  });

  it('takes no less time for a wrong email than for a wrong password', async () => {
    const fastestMs = { unknown: Number.POSITIVE_INFINITY, known: Number.POSITIVE_INFINITY };
    const emails = { unknown: 'nobody@keyport.local', known: owner.email };

    // In turns, so that a busy machine slows both; the fastest of each tells what the work itself takes.
    for (let round = 0; round < 10; round += 1) {
      for (const which of ['unknown', 'known'] as const) {
        const started = performance.now();
        await refusal(emails[which], 'wrong password');
        fastestMs[which] = Math.min(fastestMs[which], performance.now() - started);
      }
    }

    // Without a hash for nobody it would be a tenth.
    expect(fastestMs.unknown / fastestMs.known).toBeGreaterThan(0.5);
  });

  it('refuses a password that is no text, so that no query can stand in its place', async () => {
    const error = await gateway.refusal(login, {
      email: { $ne: null },
      password: { $ne: null },
      address: '127.0.0.1',
    } as never);

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});
