import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Import, ImportProgress } from '@keyport/contracts';
import { eventually, TestStack, until, type KeyportClient } from '@keyport/testing';
import { EventSource } from 'eventsource';
import { pausedImport } from './paused-import.ts';

const ndjson = 'application/x-ndjson';
const rows = 150_000;
const file = Array.from({ length: rows }, (_, n) => `{"n":${n}}\n`).join('');

interface Seen {
  readonly id: number;
  readonly progress: ImportProgress;
}

/** An EventSource as any program uses one, which comes back by itself. */
class Follower {
  readonly seen: Seen[] = [];
  opened = 0;
  private readonly source: EventSource;

  constructor(client: KeyportClient, importId: string) {
    this.source = new EventSource(new URL(`/v1/imports/${importId}/events`, client.url), {
      fetch: (input, init) =>
        fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${client.token}` } }),
    });
    this.source.onopen = () => (this.opened += 1);
    this.source.onmessage = ({ lastEventId, data }) => {
      this.seen.push({ id: Number(lastEventId), progress: JSON.parse(data as string) as ImportProgress });
    };
  }

  get last(): ImportProgress | undefined {
    return this.seen.at(-1)?.progress;
  }

  get isClosed(): boolean {
    return this.source.readyState === this.source.CLOSED;
  }

  close(): void {
    this.source.close();
  }
}

const reconciled = ({ counts: { read, inserted, rejected } }: Import) => read === inserted + rejected;

describe('An import that is watched and controlled', () => {
  let stack: TestStack;
  let client: KeyportClient;

  const post = (id: string, what: string, by = client) =>
    by.ok<Import>(`/v1/imports/${id}/${what}`, { method: 'POST' });

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
  });

  afterAll(() => stack?.stop());

  it('is paused, watched through killed gateways and services, resumed, and ends with every row once', async () => {
    await client.putDataset('watched');
    const paused = await pausedImport(client, 'watched', file);
    const { id } = paused;
    const { items: others } = await client.ok<{ items: Import[] }>('/v1/imports?dataset=watched&state=completed');
    expect(paused.state).toBe('paused');
    expect(reconciled(paused)).toBe(true);
    const follower = new Follower(client, id);
    await until(() => follower.last?.import.state === 'paused', 'the first event');
    const { items } = await client.ok<{ items: Import[] }>('/v1/imports?dataset=watched&state=paused,receiving');
    expect(items.map((item) => item.id)).toEqual([id]);
    const heard = follower.seen.length;

    await Promise.all([stack.kill('gateway'), stack.kill('import')]);
    await until(() => follower.opened > 1, 'the follower to come back');
    await until(async () => (await client.raw('/health/ready').catch(() => undefined))?.status === 200, 'the gateway');
    expect(await client.importState(id)).toMatchObject({ state: 'paused' });
    await post(id, 'resume');

    await until(() => follower.last?.import.state === 'completed', 'the last event');
    await until(() => follower.isClosed, 'the follower to be told that nothing more comes');
    const ids = follower.seen.map((seen) => seen.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort((one, other) => one - other));
    expect(follower.seen.length).toBeGreaterThan(heard);
    expect(follower.seen.every(({ progress }) => reconciled(progress.import))).toBe(true);
    expect(follower.last).toMatchObject({
      import: { counts: { read: rows, inserted: rows, rejected: 0 }, bytes: { processed: file.length } },
      remainingSeconds: 0,
      rate: { rowsPerSecond: expect.any(Number) },
    });
    expect((await client.dataset('watched')).count).toBe(rows * (1 + others.length));
  });

  it('is watched no longer by a token that is revoked', async () => {
    await client.putDataset('revoked');
    const { id } = await pausedImport(client, 'revoked', file);
    const watcher = await client.minted('imports:read:revoked');
    const other = new Follower(client, id);
    const events = await watcher.raw(`/v1/imports/${id}/events`);
    expect(events.headers.get('content-type')).toBe('text/event-stream');
    let heard = '';
    const reading = (async () => {
      for await (const text of (events.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()))
        heard += text;
    })();
    await until(() => other.last !== undefined && heard.includes('data: '), 'the first event of each');

    await client.ok(`/v1/keys/${watcher.keyId}`, { method: 'DELETE' });
    await reading;
    await post(id, 'resume');
    await until(() => other.isClosed, 'the last event of who still may');

    expect(heard).toContain('"state":"paused"');
    expect(heard).not.toContain('"state":"processing"');
    expect(other.last?.import.state).toBe('completed');
    expect((await watcher.raw(`/v1/imports/${id}/events`)).status).toBe(401);
  });

  it('is retried once its schema is put right, without its file, and every row is there then', async () => {
    const schema = { properties: { qty: { type: 'integer', maximum: 100 } } };
    await client.putDataset('retried', { key: ['id'], schema });
    const sent = 'id,qty\n1,5\n2,500\n3,"7\n0"\n4,900\n';
    const first = await client.imported('retried', 'text/csv', sent);
    await client.putDataset('retried', { key: ['id'], schema: { properties: { qty: { type: 'integer' } } } });
    const ask = (importId: string, by = client) =>
      by.request<Import>(`/v1/imports/${importId}/retry`, { method: 'POST', headers: { prefer: 'wait=30' } });

    const retry = await ask(first.id);
    const asked = await client.request<Import>(`/v1/imports/${first.id}/retry`, { method: 'POST' });
    await client.putDataset('retried', { key: ['id'], schema: null });
    const last = await ask(retry.body.id);

    expect(retry.status).toBe(200);
    expect(retry.headers.get('location')).toBe(`/v1/imports/${retry.body.id}`);
    expect(retry.body).toMatchObject({
      ...{ state: 'completed', retry: { of: first.id, rows: 3, leftOut: 0 } },
      counts: { read: 3, inserted: 2, rejected: 1 },
    });
    expect(asked).toMatchObject({ status: 202, body: retry.body });
    expect(last.body).toMatchObject({ retry: { of: retry.body.id, rows: 1 }, counts: { read: 1, inserted: 1 } });
    const counted = [first, retry.body, last.body].map(({ counts: { inserted, rejected } }) => [inserted, rejected]);
    expect(counted).toEqual([
      [1, 3],
      [2, 1],
      [1, 0],
    ]);
    expect((await client.dataset('retried')).count).toBe(4);
    const stranger = await client.minted('imports:create:retried');
    expect(await ask(first.id, stranger)).toMatchObject({ status: 404, body: { code: 'IMPORT_NOT_FOUND' } });
    expect(await ask(last.body.id)).toMatchObject({ status: 409, body: { code: 'NOTHING_TO_RETRY' } });
    const audited = await eventually(
      async () => (await client.ok<{ items: { action: string }[] }>('/v1/audit')).items.map(({ action }) => action),
      (actions) => actions.includes('retry.retry'),
    );
    expect(audited).toContain('retry.retry');
  });

  it('tells a client that has the end already not to come back, and shows nothing to a stranger', async () => {
    await client.putDataset('ended');
    const { id } = await client.imported('ended', ndjson, '{"a":1}\n');
    const events = await client.raw(`/v1/imports/${id}/events`);
    const text = await events.text();
    const [, lastEventId = ''] = /^id: (\d+)$/m.exec(text) ?? [];
    const again = (value: string) => client.raw(`/v1/imports/${id}/events`, { headers: { 'last-event-id': value } });

    expect(text.match(/^data: /gm)).toHaveLength(1);
    expect((await again(lastEventId)).status).toBe(204);
    const older = await again(String(Number(lastEventId) - 1));
    expect(older.status).toBe(200);
    expect(await older.text()).toContain('"state":"completed"');
    expect((await again('nonsense')).status).toBe(200);
    const stranger = await client.minted('imports:create:ended');
    expect((await stranger.request(`/v1/imports/${id}/events`)).status).toBe(404);
    expect((await client.request(`/v1/imports/${id}/pause`, { method: 'POST' })).body).toMatchObject({
      code: 'IMPORT_STATE',
    });
    expect((await client.request('/v1/imports?state=paused,nonsense')).status).toBe(422);
  });
});
