import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Import } from '@keyport/contracts';
import {
  eventually,
  oneOfThree,
  orderNdjson,
  TestStack,
  until,
  withinASecond,
  type KeyportClient,
} from '@keyport/testing';

const ndjson = 'application/x-ndjson';
const rows = 200_000;
/** On every gateway, from the answer to the change (issue "Keys and rights", 2). */
const withinMs = 1_000;

interface Person {
  readonly id: string;
  readonly key: KeyportClient & { readonly keyId: string };
}

describe('Rights that are taken away', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let gateways: readonly string[];
  let file: Uint8Array<ArrayBuffer>;
  let people = 0;

  beforeAll(async () => {
    stack = await TestStack.start({ replicas: 'gateway=3' });
    owner = stack.client;
    gateways = (await stack.describe()).gatewayUrls;
    file = new Uint8Array(Buffer.concat([...orderNdjson(rows, 5)]));
    await owner.putDataset('read');
    await owner.imported('read', ndjson, file);
  });

  afterAll(() => stack?.stop());

  /** An admin with a key that imports into their dataset, and reads the large one. */
  async function person(dataset: string): Promise<Person> {
    people += 1;
    const email = `person-${people}@example.com`;
    const password = 'correct horse battery staple';
    const json = { email, password, role: 'admin' };
    const { user } = await owner.ok<{ user: { id: string } }>('/v1/users', { method: 'POST', json });
    const session = await owner
      .with(undefined)
      .ok<{ accessToken: string }>('/v1/auth/login', { method: 'POST', json: { email, password } });
    const scopes = [`imports:create:${dataset}`, 'records:read:read'];
    const key = await owner.with(session.accessToken).minted(...scopes);
    await until(async () => (await verdicts(key)).every((one) => one === 200), 'every gateway to know the key');
    return { id: user.id, key };
  }

  /** Whether each gateway lets the key read. */
  const verdicts = (key: KeyportClient) => Promise.all(gateways.map((url) => verdictOf(url, key)));

  async function verdictOf(url: string, { token }: KeyportClient): Promise<number> {
    const reply = await fetch(`${url}/v1/datasets/read/records?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await reply.text();
    return reply.status;
  }

  /** Milliseconds from the answer to the change until each gateway refuses. */
  const refusals = (key: KeyportClient, changedAt: number) =>
    Promise.all(
      gateways.map(async (url) => {
        await eventually(
          () => verdictOf(url, key),
          (status) => status === 401 || status === 403,
        );
        return Date.now() - changedAt;
      }),
    );

  const change = (path: string, json: unknown) => owner.ok(path, { method: 'PATCH', json });

  const losses: readonly [string, (of: Person) => Promise<unknown>][] = [
    ['the owner of the key is demoted', ({ id }) => change(`/v1/users/${id}`, { role: 'member', scopes: ['keys:*'] })],
    ['the owner of the key is disabled', ({ id }) => change(`/v1/users/${id}`, { disabled: true })],
    ['the owner of the key is deleted', ({ id }) => owner.raw(`/v1/users/${id}`, { method: 'DELETE' })],
    ['the ceiling of the key is lowered', ({ key }) => change(`/v1/keys/${key.keyId}`, { scopes: [] })],
    ['the key is revoked', ({ key }) => owner.raw(`/v1/keys/${key.keyId}`, { method: 'DELETE' })],
  ];

  const newest = async (dataset: string): Promise<Import | undefined> =>
    (await owner.ok<{ items: Import[] }>(`/v1/imports?dataset=${dataset}&limit=1`)).items[0];

  /** A stream through one gateway, of which a first piece was read. */
  async function stream(url: string, { token }: KeyportClient) {
    const { body } = await fetch(`${url}/v1/datasets/read/records`, { headers: { authorization: `Bearer ${token}` } });
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    let { length = 0 } = (await reader.read()).value ?? {};
    /** Reads on as fast as it comes; resolves with the bytes that came, and whether it ended as if it were whole. */
    const rest = async () => {
      try {
        for (let read = await reader.read(); !read.done; read = await reader.read()) length += read.value.length;
        return { length, whole: true };
      } catch {
        return { length, whole: false };
      }
    };
    return { rest };
  }

  describe.each(losses)('because %s', (_what, lose) => {
    it('are gone on each of three gateways within a second, and a running import fails within one', async () => {
      const loseInTheMiddle = async () => {
        const name = `written-${people}`;
        await owner.putDataset(name);
        const someone = await person(name);
        const sending = someone.key.import(name, ndjson, file);
        const running = await eventually(
          () => newest(name),
          (found) => (found?.counts.inserted ?? 0) > 5_000,
        );
        await lose(someone);
        const changedAt = Date.now();
        const refusedAfter = Math.max(...(await refusals(someone.key, changedAt)));
        const done = await owner.importEnd(running?.id ?? '');
        const failedAfter = Date.parse(done.finishedAt ?? '') - changedAt;
        return { name, refusedAfter, done, failedAfter, status: (await sending).status };
      };

      const { name, refusedAfter, done, failedAfter, status } = await oneOfThree(
        loseInTheMiddle,
        (one) => one.done.state === 'failed' && Math.max(one.refusedAfter, one.failedAfter) <= withinMs,
      );

      expect(refusedAfter).toBeLessThanOrEqual(withinMs);
      expect(done).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
      expect(failedAfter).toBeLessThanOrEqual(withinMs);
      expect(done.counts.read).toBe(done.counts.inserted);
      expect(done.counts.read).toBeLessThan(rows);
      expect((await owner.dataset(name)).count).toBe(done.counts.inserted);
      // The file was still being sent, or was whole just before.
      expect([202, 401, 403]).toContain(status);
      expect(await newest(name)).toEqual(done);
    }, 480_000);

    it('break off a file that is being sent and far from its end', async () => {
      const name = `sent-${people}`;
      await owner.putDataset(name);
      const someone = await person(name);
      const part = file.subarray(0, 1024 * 1024);
      async function* parts() {
        for (let left = 4_096; left > 0; left -= 1) {
          await setImmediate();
          yield part;
        }
      }
      const sending = someone.key.import(name, ndjson, ReadableStream.from(parts()) as ReadableStream<Uint8Array>);
      await eventually(
        () => newest(name),
        (found) => (found?.bytes.received ?? 0) > 0,
      );

      await lose(someone);

      const reply = await sending;
      expect([reply.status, (reply.body as { code?: string }).code]).toEqual(
        reply.status === 401 ? [401, 'TOKEN_REVOKED'] : [403, 'RIGHTS_LOST'],
      );
      const { id } = (await newest(name)) as Import;
      const done = await withinASecond(
        () => owner.importState(id),
        ({ finishedAt }) => finishedAt !== null,
      );
      expect(done).toMatchObject({ state: 'failed', error: { code: 'RIGHTS_LOST' } });
    });

    it('break off a stream that is running, on each gateway', async () => {
      const loseWhileReading = async () => {
        const someone = await person('elsewhere');
        const streams = await Promise.all(gateways.map((url) => stream(url, someone.key)));
        await lose(someone);
        const changedAt = Date.now();
        const ends = await Promise.all(streams.map(({ rest }) => rest()));
        return { ends, tookMs: Date.now() - changedAt };
      };

      const { ends, tookMs } = await oneOfThree(loseWhileReading, (one) => one.tookMs <= withinMs);

      expect(tookMs).toBeLessThanOrEqual(withinMs);
      for (const { length, whole } of ends) {
        expect(whole).toBe(false);
        expect(length).toBeLessThan(file.length / 2);
      }
    });
  });
});
