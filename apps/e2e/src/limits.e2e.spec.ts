import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  TestStack,
  eventually,
  oneOfThree,
  until,
  withinASecond,
  type KeyportClient,
  type Reply,
} from '@keyport/testing';
import { SelfIssuer } from './attacks/self-issuer.ts';
import { exchanged } from './issuing.ts';

interface Minted {
  readonly token: string;
  readonly key: { readonly id: string };
}

const unauthenticatedPerSecond = 20;

describe('Limits of requests', () => {
  let stack: TestStack;
  let owner: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start({
      env: { KEYPORT_UNAUTHENTICATED_PER_SECOND: String(unauthenticatedPerSecond) },
    });
    owner = stack.client;
  });

  afterAll(() => stack?.stop());

  const me = (caller: KeyportClient) => caller.request<{ code?: string }>('/v1/auth/me');
  /** What was asked at once, and the seconds that this took: so long a bucket fills up again meanwhile. */
  async function timed<Answer>(asks: readonly (() => Promise<Answer>)[]) {
    const began = performance.now();
    const replies = await Promise.all(asks.map((ask) => ask()));
    return { replies, seconds: Math.ceil((performance.now() - began) / 1000) };
  }
  const times = <Answer>(count: number, ask: () => Promise<Answer>) => Array.from({ length: count }, () => ask);
  const statusesOf = (replies: readonly Reply[]) => replies.map(({ status }) => status);

  async function limited(limits: Record<string, number>): Promise<KeyportClient & { readonly keyId: string }> {
    const json = { name: 'limited', scopes: ['records:read:*'], limits };
    const { token, key } = await owner.ok<Minted>('/v1/keys', { method: 'POST', json });
    const caller = Object.assign(owner.with(token), { keyId: key.id });
    // The first answer that knows the key's own limits, and counts by them.
    await until(async () => (await me(caller)).headers.get('ratelimit-limit') !== '100000', 'the limits to be known');
    return caller;
  }

  it('refuse a key that asks more than its own limits say, and tell when to come again', async () => {
    const caller = await limited({ requestsPerSecond: 1, burst: 20 });

    const { replies, seconds } = await timed(times(60, () => me(caller)));

    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'RATE_LIMITED' });
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(refused?.headers.get('ratelimit-remaining')).toBe('0');
    expect(refused?.headers.get('ratelimit-policy')).toBe('20;w=20');
    // The looks at its limit took some of the twenty, and each second gave one back.
    const served = statusesOf(replies).filter((status) => status === 200).length;
    expect(served).toBeGreaterThanOrEqual(10);
    expect(served).toBeLessThanOrEqual(20 + seconds);
  });

  it('do not make those who ask too early wait longer', async () => {
    const caller = await limited({ requestsPerSecond: 2, burst: 2 });
    const threeSeconds = async () => {
      const began = performance.now();
      let served = 0;
      while (performance.now() - began < 3_000) if ((await me(caller)).status === 200) served += 1;
      return { served, seconds: (performance.now() - began) / 1000 };
    };

    // What it holds and does not give while the machine stands still is no more than two.
    const { served, seconds } = await oneOfThree(threeSeconds, (one) => one.served >= 5);

    // At two a second, and at most the two that were in the bucket.
    expect(served).toBeGreaterThanOrEqual(5);
    expect(served).toBeLessThanOrEqual(2 * seconds + 3);
  });

  it('count each key alone, and do not touch the session of its owner', async () => {
    const [first, second] = [await limited({ requestsPerSecond: 1 }), await limited({ requestsPerSecond: 1 })];
    await until(async () => (await me(first)).status === 429, 'the first key to be refused');

    const others = [
      await me(owner),
      await eventually(
        () => me(second),
        ({ status }) => status === 200,
      ),
    ];

    expect(statusesOf(others)).toEqual([200, 200]);
  });

  it('count what was exchanged for a token that somebody signed alone by its public key, however often', async () => {
    const signer = await SelfIssuer.registeredBy(owner, 'Ed25519', { limits: { requestsPerSecond: 1, burst: 10 } });
    const first = owner.with(signer.token());
    await until(async () => (await me(first)).headers.get('ratelimit-limit') === '10', 'the limits to be known');

    const fresh = await Promise.all(Array.from({ length: 8 }, () => exchanged(owner, signer.token())));
    const { replies, seconds } = await timed(fresh.flatMap((client) => times(8, () => me(client))));

    // Eight budgets would let all through.
    expect(statusesOf(replies).filter((status) => status === 200).length).toBeLessThanOrEqual(10 + seconds);
    expect(new Set(replies.map(({ headers }) => headers.get('ratelimit-limit')))).toEqual(new Set(['10']));
  });

  it('hold by a changed limit within a second', async () => {
    const caller = await limited({ requestsPerSecond: 1 });
    const change = (limits: Record<string, number>) =>
      owner.ok(`/v1/keys/${caller.keyId}`, { method: 'PATCH', json: { limits } });
    const limitIs = async (limit: string) => (await me(caller)).headers.get('ratelimit-limit') === limit;

    await change({ requestsPerSecond: 500, burst: 1000 });
    await withinASecond(() => limitIs('1000'), Boolean);
    const raised = await Promise.all(Array.from({ length: 50 }, () => me(caller)));
    await change({ requestsPerSecond: 1, burst: 2 });
    await withinASecond(() => limitIs('2'), Boolean);
    const { replies: lowered, seconds } = await timed(times(50, () => me(caller)));

    expect(new Set(statusesOf(raised))).toEqual(new Set([200]));
    expect(statusesOf(lowered).filter((status) => status === 200).length).toBeLessThanOrEqual(2 + seconds);
  });

  it('are told on every answer to someone who was recognised, refusals included', async () => {
    const caller = await limited({ requestsPerSecond: 100, burst: 200 });

    const answers = [
      await me(caller),
      await caller.request('/v1/keys'),
      await caller.request('/v1/datasets/nowhere/records'),
      await caller.request('/v1/datasets/Not A Name/records'),
    ];

    expect(statusesOf(answers)).toEqual([200, 403, 404, 422]);
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-limit')).toBe('200');
      expect(Number(headers.get('ratelimit-remaining'))).toBeLessThan(200);
      expect(headers.get('ratelimit-reset')).toMatch(/^\d+$/);
      expect(headers.get('ratelimit-policy')).toBe('200;w=2');
    }
  });

  it('bound how often tokens are inspected', async () => {
    const { token } = owner;
    const inspect = () => owner.request<{ code?: string }>('/v1/tokens/inspect', { method: 'POST', json: { token } });

    // Slower than the limit, on a slow machine, where they are fewer.
    const { replies } = await eventually(
      () => timed(times(120, inspect)),
      ({ replies: all }) => all.some(({ status }) => status === 429),
    );

    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(statusesOf(replies).filter((status) => status === 200).length).toBeGreaterThanOrEqual(40);
    expect((await me(owner)).status).toBe(200);
  });

  it('stop a flood of bad tokens from one address, while tokens that are known go on', async () => {
    const known = await limited({ requestsPerSecond: 1000 });
    const unseen = await owner.minted('records:read:*');
    const bad = (index: number) => me(owner.with(`${owner.token?.slice(0, -10)}${String(index).padStart(10, 'A')}`));
    const manyBad = () => Promise.all(Array.from({ length: unauthenticatedPerSecond * 5 }, (_, index) => bad(index)));

    const flood = await eventually(manyBad, (all) => all.some(({ status }) => status === 429));
    const [refusedUnseen, served] = [await me(unseen), await me(known)];

    expect(new Set(statusesOf(flood))).toEqual(new Set([401, 429]));
    expect(flood.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
    expect(served.status).toBe(200);
    expect([200, 429]).toContain(refusedUnseen.status);
    expect(
      (
        await eventually(
          () => me(unseen),
          ({ status }) => status === 200,
        )
      ).status,
    ).toBe(200);
  });
});
