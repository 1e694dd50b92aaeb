import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { completionMarker, TestStack, until, withinASecond, type KeyportClient } from '@keyport/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';

const bucket = 'KV_revocations';

interface Problem {
  readonly code?: string;
}

interface Revocation {
  readonly id: string;
}

describe('Revocation on three gateways', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let bus: NatsConnection;
  let manager: JetStreamManager;

  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'gateway=3' });
    owner = stack.client;
    const url = new URL((await stack.describe()).natsUrls['admin-auth']);
    const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    bus = await connect({ servers: url.host, user, pass, inboxPrefix: '_INBOX.admin', maxReconnectAttempts: -1 });
    manager = await jetstreamManager(bus, { checkAPI: false });
  });

  afterAll(async () => {
    await bus?.close();
    await stack?.stop();
  });

  /** What each gateway says of a token: `good`, the code of its refusal, or `down`. */
  async function verdicts(token: string): Promise<string[]> {
    const { gatewayUrls } = await stack.describe();
    return Promise.all(
      gatewayUrls.map(async (url) => {
        const response = await fetch(`${url}/v1/auth/me`, { headers: { authorization: `Bearer ${token}` } }).catch(
          () => undefined,
        );
        if (!response) return 'down';
        return response.status === 200 ? 'good' : (((await response.json()) as Problem).code ?? 'without a code');
      }),
    );
  }

  const all = (verdict: string) => [verdict, verdict, verdict];
  const untilAll = (token: string, verdict: string) =>
    until(async () => (await verdicts(token)).every((one) => one === verdict), `every gateway to say ${verdict}`);
  const allWithinASecond = (token: string, verdict: string) =>
    withinASecond(
      () => verdicts(token),
      (each) => each.every((one) => one === verdict),
    );
  const allReady = async () => {
    const { gatewayUrls } = await stack.describe();
    const answers = await Promise.all(gatewayUrls.map((url) => fetch(`${url}/health/ready`).catch(() => undefined)));
    return answers.every((answer) => answer?.status === 200);
  };

  const revoke = (request: Record<string, unknown>) =>
    owner.ok<Revocation>('/v1/revocations', { method: 'POST', json: request });
  const claimsOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, string>;
  const kidOf = (token: string) =>
    (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

  async function revokedKey(): Promise<string> {
    const key = await owner.minted('records:read:orders');
    await untilAll(key.token as string, 'good');
    expect((await owner.raw(`/v1/keys/${key.keyId}`, { method: 'DELETE' })).status).toBe(204);
    await allWithinASecond(key.token as string, 'TOKEN_REVOKED');
    return key.token as string;
  }

  /** A member who signed in, and a key that they made. */
  async function member(
    email: string,
  ): Promise<{ id: string; session: string; key: KeyportClient & { keyId: string } }> {
    const password = 'correct horse battery staple';
    const json = { email, password, role: 'member', scopes: ['keys:*', 'records:read:*'] };
    const { user } = await owner.ok<{ user: { id: string } }>('/v1/users', { method: 'POST', json });
    const { accessToken } = await owner
      .with(undefined)
      .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json: { email, password } });
    const key = await owner.with(accessToken).minted('records:read:orders');
    await untilAll(key.token as string, 'good');
    return { id: user.id, session: accessToken, key };
  }

  it('of a key, by its holder, holds on each of them within a second', async () => {
    expect(await verdicts(await revokedKey())).toEqual(all('TOKEN_REVOKED'));
  });

  it('names a token, a key or a principal, and nothing beside it', async () => {
    const [one, two, three] = [
      await member('one@e.example'),
      await member('two@e.example'),
      await member('three@e.example'),
    ];

    await revoke({ jti: claimsOf(one.key.token as string).jti });
    await revoke({ key: two.key.keyId });
    await revoke({ sub: three.id });

    await allWithinASecond(one.key.token as string, 'TOKEN_REVOKED');
    await allWithinASecond(two.key.token as string, 'TOKEN_REVOKED');
    await allWithinASecond(three.key.token as string, 'TOKEN_REVOKED');
    await allWithinASecond(three.session, 'TOKEN_REVOKED');
    expect(await verdicts(one.session)).toEqual(all('good'));
    expect(await verdicts(two.session)).toEqual(all('good'));
  });

  it('can be lifted, on each of them', async () => {
    const key = await owner.minted('records:read:orders');
    const { id } = await revoke({ key: key.keyId, reason: 'a mistake' });
    await allWithinASecond(key.token as string, 'TOKEN_REVOKED');

    expect((await owner.raw(`/v1/revocations/${id}`, { method: 'DELETE' })).status).toBe(204);

    await allWithinASecond(key.token as string, 'good');
    expect((await owner.request<Problem>(`/v1/revocations/${id}`, { method: 'DELETE' })).body.code).toBe(
      'REVOCATION_NOT_FOUND',
    );
  });

  it('holds after every gateway was killed and started again', async () => {
    const token = await revokedKey();

    await stack.kill('gateway');

    await until(allReady, 'all gateways to be ready');
    expect(await verdicts(token)).toEqual(all('TOKEN_REVOKED'));
    expect(await verdicts(owner.token as string)).toEqual(all('good'));
  });

  it('holds while nats-server is killed and started again, and new ones arrive afterwards', async () => {
    const token = await revokedKey();

    await stack.kill('nats');

    for (let look = 0; look < 20; look += 1) expect(await verdicts(token)).not.toContain('good');
    await until(allReady, 'all gateways to be ready');
    await until(async () => (await owner.request('/v1/keys')).status === 200, 'auth to answer');
    await revokedKey();
  });

  it('holds without auth', async () => {
    const token = await revokedKey();
    const [pid = 0] = (await stack.describe()).processes.auth;

    // Stopped, not killed: so that nobody starts it again for as long as the test looks.
    process.kill(pid, 'SIGSTOP');
    try {
      await stack.kill('gateway');
      await until(allReady, 'all gateways to be ready');
      expect(await verdicts(token)).toEqual(all('TOKEN_REVOKED'));
      expect(await verdicts(owner.token as string)).toEqual(all('good'));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await stack.kill('auth');
    await until(async () => (await owner.request('/v1/keys')).status === 200, 'auth to answer');
    expect(await verdicts(token)).toEqual(all('TOKEN_REVOKED'));
  });

  it('heals when the bucket is emptied, and lets nothing revoked pass meanwhile, not even at a new gateway', async () => {
    const token = await revokedKey();
    const marker = { last_by_subj: `$KV.revocations.${completionMarker}` };
    const { processes } = await stack.describe();
    const [[first = 0], [auth = 0]] = [processes.gateway, processes.auth];

    // Stopped, so that nobody heals it for as long as the test looks.
    process.kill(auth, 'SIGSTOP');
    try {
      await manager.streams.purge(bucket);
      process.kill(first, 'SIGKILL');
      for (let look = 0; look < 100; look += 1) expect(await verdicts(token)).not.toContain('good');
      expect(await manager.streams.getMessage(bucket, marker)).toBeNull();
    } finally {
      process.kill(auth, 'SIGCONT');
    }

    await until(async () => {
      expect(await verdicts(token)).not.toContain('good');
      const isWhole = (await manager.streams.getMessage(bucket, marker)) !== null;
      return isWhole && (await allReady());
    }, 'the bucket to be whole and all gateways ready');
    expect(await verdicts(token)).toEqual(all('TOKEN_REVOKED'));
  });

  it('heals when the bucket is deleted', async () => {
    const token = await revokedKey();

    await manager.streams.delete(bucket);

    await until(async () => (await manager.streams.info(bucket).catch(() => undefined)) !== undefined, 'a new bucket');
    await until(async () => (await owner.request('/v1/keys')).status === 200, 'auth to answer');
    await stack.kill('gateway');
    await until(allReady, 'all gateways to be ready');
    expect(await verdicts(token)).toEqual(all('TOKEN_REVOKED'));
    await revokedKey();
  });

  it('of all that a signing key signed spares what another one signs', async () => {
    const old = await owner.minted('records:read:orders');
    const { email, password } = stack.owner;
    const signIn = async () =>
      (
        await owner
          .with(undefined)
          .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json: { email, password } })
      ).accessToken;

    await owner.ok('/v1/signing-keys/rotate', { method: 'POST' });
    owner = owner.with(await signIn());
    const fresh = await owner.minted('records:read:orders');
    await revoke({ kid: kidOf(old.token as string) });

    // Nobody knows the key any more.
    await allWithinASecond(old.token as string, 'TOKEN_INVALID');
    expect(await verdicts(fresh.token as string)).toEqual(all('good'));
    expect(await verdicts(stack.owner.token)).toEqual(all('TOKEN_INVALID'));
  });

  it('of the whole deployment ends all that was issued until then, and people sign in again', async () => {
    const key = await owner.minted('records:read:orders');
    const before = owner.token as string;

    await revoke({ iss: claimsOf(before).iss });

    await allWithinASecond(key.token as string, 'TOKEN_REVOKED');
    await allWithinASecond(before, 'TOKEN_REVOKED');
    const { email, password } = stack.owner;
    const json = { email, password };
    const { accessToken } = await owner
      .with(undefined)
      .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json });
    expect(await verdicts(accessToken)).toEqual(all('good'));
  });
});
