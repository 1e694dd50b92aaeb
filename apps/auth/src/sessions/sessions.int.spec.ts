import { revocationKey } from '@keyport/access';
import {
  buckets,
  changeUser,
  createGrant,
  createKey,
  createPublicKey,
  getKey,
  listKeys,
  logout,
  refreshSession,
} from '@keyport/contracts';
import { openBucket } from '@keyport/messaging';
import { codeOf, eventually, quickest, whoHas, type GatewayDouble } from '@keyport/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestMicroservice } from '@nestjs/common';
import { decodeJwt, exportJWK, generateKeyPair } from 'jose';
import type { AuthSystem } from '../harness/auth-system.ts';
import type { People, Session } from '../harness/people.ts';
import { startTwoProcesses } from '../harness/two-processes.ts';
import { ProjectionsService } from '../projections/projections.service.ts';

const jobId = '00000000000000aa';

let system: AuthSystem;
let app: INestMicroservice;
let gateway: GatewayDouble;
let people: People;

beforeAll(async () => {
  ({ system, gateway, people, app } = await startTwoProcesses());
});

afterAll(() => system.stop());

/** Who may see keys, so that a request shows whether their token is good. */
const scopes = ['keys:*', 'records:read:*'];
const signedIn = async () => (await people.account({ scopes })).signIn();
const refresh = ({ refreshToken }: Session) => gateway.ask(refreshSession, { refreshToken });
const refreshCode = async ({ refreshToken }: Session) =>
  (await gateway.refusal(refreshSession, { refreshToken }))?.code ?? 'none';
const sidOf = ({ accessToken }: Session) => String(decodeJwt(accessToken).sid);
const codeWith = ({ accessToken }: Pick<Session, 'accessToken'>) => people.codeOfKeys(whoHas(accessToken));

const revocationOf = async (session: Session) => {
  const bucket = await openBucket(system.bus, buckets.revocations);
  return (await bucket.get(revocationKey({ level: 'sid', sessionId: sidOf(session) })))?.json();
};

/** Access and refresh tokens are good no more, and the bus said so before the answer. */
async function expectEnded(session: Session): Promise<void> {
  expect(await revocationOf(session)).toMatchObject({ before: null });
  expect(await people.refusalsOf(session)).toEqual(['TOKEN_REVOKED', expect.stringMatching(/^REFRESH_/)]);
}

async function expectAlive(session: Session): Promise<Session> {
  expect(await codeWith(session)).toBe('none');
  return refresh(session);
}

describe('a refresh token', () => {
  it('is exchanged for tokens of the same session', async () => {
    const first = await signedIn();

    const second = await refresh(first);
    const third = await refresh(second);

    expect(third).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 });
    expect([sidOf(second), sidOf(third)]).toEqual([sidOf(first), sidOf(first)]);
    expect(new Set([first, second, third].map(({ accessToken }) => decodeJwt(accessToken).jti)).size).toBe(3);
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3);
    for (const session of [first, second, third]) expect(await codeWith(session)).toBe('none');
  });

  it('is kept nowhere', async () => {
    const first = await signedIn();
    const second = await refresh(first);

    const names = (await system.database.listCollections()).map(({ name }) => name);
    const stored = await Promise.all(names.map((name) => system.database.collection(name).find().toArray()));

    expect(names).toEqual(expect.arrayContaining(['sessions', 'refresh-tokens']));
    for (const { refreshToken } of [first, second]) {
      expect(JSON.stringify(stored)).not.toContain(refreshToken);
      expect(JSON.stringify(stored)).not.toContain(refreshToken.slice('kpr_'.length));
    }
  });

  it('that is used again ends the session, access tokens included', async () => {
    const first = await signedIn();
    const second = await refresh(first);
    const third = await refresh(second);

    expect(await refreshCode(first)).toBe('REFRESH_REUSED');

    await expectEnded(second);
    await expectEnded(third);
    expect(await refreshCode(third)).toBe('REFRESH_INVALID');
  });

  it('that is used again ends no other session of the user', async () => {
    const { signIn } = await people.account({ scopes });
    const [stolen, other] = [await signIn(), await signIn()];
    await refresh(stolen);

    expect(await refreshCode(stolen)).toBe('REFRESH_REUSED');

    await expectAlive(other);
  });

  it.each([2, 8])('used %i times at once is good once, and all lose the session', async (times) => {
    const session = await signedIn();

    const outcomes = await Promise.allSettled(Array.from({ length: times }, () => refresh(session)));

    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    expect(won).toHaveLength(1);
    expect(lost).toContain('REFRESH_REUSED');
    // Who asks after the session has ended is told so.
    expect(lost.every((code) => ['REFRESH_REUSED', 'REFRESH_INVALID'].includes(code))).toBe(true);
    await expectEnded(won[0] as Session);
  });

  it.each([
    ['nothing', '', 'VALIDATION_FAILED'],
    ['some text', 'nonsense', 'REFRESH_INVALID'],
    ['one that nobody was given', `kpr_${'A'.repeat(43)}`, 'REFRESH_INVALID'],
    ['a long one', `kpr_${'A'.repeat(900)}`, 'REFRESH_INVALID'],
    ['one that is too long', 'A'.repeat(1025), 'VALIDATION_FAILED'],
  ])('is not %s', async (_what, refreshToken, code) => {
    expect(await gateway.refusal(refreshSession, { refreshToken })).toMatchObject({ code });
  });

  it('is no access token', async () => {
    const { accessToken } = await signedIn();

    expect(await gateway.refusal(refreshSession, { refreshToken: accessToken.slice(0, 1000) })).toMatchObject({
      code: 'REFRESH_INVALID',
    });
  });

  it('lives no longer than the session, and neither does what it is exchanged for', async () => {
    const session = await signedIn();
    const sessions = system.database.collection<{ _id: string }>('sessions');
    const end = (inMs: number) =>
      sessions.updateOne({ _id: sidOf(session) }, { $set: { expiresAt: new Date(Date.now() + inMs) } });

    await end(30_000);
    const short = await refresh(session);
    await end(-1);

    expect(short.expiresIn).toBeLessThanOrEqual(30);
    expect(await refreshCode(short)).toBe('REFRESH_INVALID');
  });

  it('gives the rights that the user has now', async () => {
    const { id, signIn } = await people.account({ scopes });
    const first = await signIn();
    await gateway.ask(changeUser, { userId: id, scopes: ['keys:read', 'records:read:a'] }, people.owner);

    const second = await refresh(first);

    expect(decodeJwt(first.accessToken).scope).toBe('keys:* records:read:*');
    expect(decodeJwt(second.accessToken).scope).toBe('keys:read records:read:a');
  });
});

describe('logging out', () => {
  it('ends the session, and no other', async () => {
    const { signIn } = await people.account({ scopes });
    const [one, other] = [await signIn(), await signIn()];
    const refreshed = await refresh(one);

    await gateway.ask(logout, {}, whoHas(refreshed.accessToken));

    await expectEnded(refreshed);
    await expectEnded(one);
    await expectAlive(other);
  });

  it('holds within a second of the answer', async () => {
    const tried = async () => {
      const session = await signedIn();
      await gateway.ask(logout, {}, whoHas(session.accessToken));
      const answered = Date.now();
      await people.refusalsOf(session);
      return Date.now() - answered;
    };

    expect(await quickest(1_000, tried)).toBeLessThan(1_000);
  });

  it('with a key ends its token and leaves the key to be seen', async () => {
    const { accessToken } = await signedIn();
    const holder = whoHas(accessToken);
    const { token, key } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, holder);
    const { token: another } = await gateway.ask(createKey, { name: 'k', scopes: ['keys:read'] }, holder);

    await gateway.ask(logout, {}, whoHas(token));

    await eventually(
      () => codeWith({ accessToken: token }),
      (code) => code === 'TOKEN_REVOKED',
    );
    expect(await codeWith({ accessToken: another })).toBe('none');
    expect(await codeWith({ accessToken })).toBe('none');
    expect(await gateway.ask(getKey, { keyId: key.id }, holder)).toMatchObject({ revokedAt: null });
    const entry = await (await openBucket(system.bus, buckets.revocations)).get(`jti.${String(decodeJwt(token).jti)}`);
    const { expiresAt } = entry?.json<{ expiresAt: number }>() ?? { expiresAt: 0 };
    expect(expiresAt).toBeGreaterThan(decodeJwt(token).exp ?? Infinity);
  });

  it('with a token that its holder signed ends that one token', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)) };
    const registered = await gateway.ask(createPublicKey, { name: 'k', jwk, scopes: ['keys:read'] }, people.owner);
    const { issuer: iss, subject: sub, kid } = registered;
    const signed = (jti: string) => ({ iss, sub, usr: sub, pk: kid, tkid: kid, jti, scope: 'keys:read' });
    const codeOfSigned = (jti: string) => codeOf(gateway.ask(listKeys, {}, signed(jti)));
    expect(await codeOfSigned('one')).toBe('none');

    await gateway.ask(logout, {}, signed('one'));

    await eventually(
      () => codeOfSigned('one'),
      (code) => code === 'TOKEN_REVOKED',
    );
    expect(await codeOfSigned('other')).toBe('none');
  });

  it('ends the jobs that the session started, and those of no other', async () => {
    const { signIn } = await people.account({ scopes });
    const [one, other] = [await signIn(), await signIn()];
    const importer = await system.servers.requesterOf('import');
    const startJob = async (session: Session) => {
      const authority = await gateway.contextFor(whoHas(session.accessToken));
      return (
        await importer.request(createGrant, { jobId, dataset: 'orders', actions: ['records:read'] }, { authority })
      ).grant;
    };
    const codeOfJob = (authority: string) => codeOf(gateway.requester.request(listKeys, {}, { authority }));
    const [job, otherJob] = [await startJob(one), await startJob(other)];
    expect(await codeOfJob(job)).toBe('INSUFFICIENT_SCOPE');

    await gateway.ask(logout, {}, whoHas(one.accessToken));

    await eventually(
      () => codeOfJob(job),
      (code) => code === 'RIGHTS_LOST',
    );
    expect(await codeOfJob(otherJob)).toBe('INSUFFICIENT_SCOPE');
  });

  it('that was broken off between MongoDB and the bus is completed later', async () => {
    const session = await signedIn();
    const ended = { endedAt: new Date(), endedBy: 'them', endReason: 'signed out' };
    const sessions = system.database.collection<{ _id: string }>('sessions');
    await sessions.updateOne({ _id: sidOf(session) }, { $set: ended });
    expect(await codeWith(session)).toBe('none');

    await app.get(ProjectionsService).reconcile();

    await expectEnded(session);
  });
});
