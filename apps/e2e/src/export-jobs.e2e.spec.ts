import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Export, ExportLink, ExportProgress } from '@keyport/contracts';
import { eventually, parseNdjson, TestStack, withinASecond, type KeyportClient } from '@keyport/testing';
import { startWithOrders } from './orders-stack.ts';

const rowCount = 20_000;

describe('An export', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let source: string;

  beforeAll(async () => {
    ({ stack, client, source } = await startWithOrders(rowCount));
  });

  afterAll(() => stack?.stop());

  it('is followed as Server-Sent Events to its end', async () => {
    const { id } = await client.ok<Export>('/v1/datasets/orders/exports', { method: 'POST', json: { format: 'csv' } });

    const text = await client.text(`/v1/exports/${id}/events`, 'text/event-stream');
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, sequence]) => Number(sequence));
    const last = JSON.parse(text.slice(text.lastIndexOf('data: ') + 6)) as ExportProgress;
    const again = await client.raw(`/v1/exports/${id}/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(ids.at(-1)) },
    });

    expect(text.startsWith('retry: 1000\n\nid: ')).toBe(true);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(last.export).toMatchObject({ id, state: 'completed', counts: { written: rowCount } });
    expect(last.rate?.rowsPerSecond).toBeGreaterThan(0);
    expect(again.status).toBe(204);
  });

  it('can be cancelled, is then in the list as such, and cannot be once it is completed', async () => {
    const { id: completed } = await client.exported('orders', { limit: 1 });
    // Whichever is quicker, the file or the request to end it: one of them was not.
    const { body: cancelled } = await eventually(
      async () => {
        const { id } = await client.ok<Export>('/v1/datasets/orders/exports', {
          method: 'POST',
          json: { format: 'csv' },
        });
        return client.request<Export>(`/v1/exports/${id}/cancel`, { method: 'POST' });
      },
      ({ status }) => status === 200,
    );

    const late = await client.request(`/v1/exports/${completed}/cancel`, { method: 'POST' });
    const file = await client.request(`/v1/exports/${cancelled.id}/file`);
    const listed = (query: string) => client.ok<{ items: Export[] }>(`/v1/exports?${query}`);
    const { items } = await listed('state=cancelled,failed&dataset=orders');
    const { items: later } = await listed(`createdAfter=${cancelled.createdAt}`);

    expect(cancelled).toMatchObject({ state: 'cancelled', digest: null });
    expect([late.status, late.body]).toMatchObject([409, { code: 'EXPORT_STATE' }]);
    expect([file.status, file.body]).toMatchObject([409, { code: 'EXPORT_NOT_READY' }]);
    expect(items.map(({ id }) => id)).toContain(cancelled.id);
    expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['cancelled']));
    expect(later.map(({ id }) => id)).toEqual([cancelled.id]);
  });

  it('is listed, and gone once deleted', async () => {
    const job = await client.exported('orders', { limit: 5 });

    const { items } = await client.ok<{ items: { id: string }[] }>('/v1/exports?dataset=orders');
    const deleted = await client.request(`/v1/exports/${job.id}`, { method: 'DELETE' });
    const after = await client.request<{ code: string }>(`/v1/exports/${job.id}/file`);

    expect(items.map(({ id }) => id)).toContain(job.id);
    expect(job.counts.written).toBe(5);
    expect(deleted.status).toBe(204);
    expect(after.body.code).toBe('EXPORT_NOT_FOUND');
  });

  it('gives a link that works without a token, for that file alone, and reaches neither log nor audit', async () => {
    const key = await client.minted('exports:create:orders');
    const { id, bytes, digest } = await key.exported('orders', { format: 'csv', fields: ['orderId'] });
    const asked = Date.now();
    const { url, expiresAt } = await key.ok<ExportLink>(`/v1/exports/${id}/link`, {
      method: 'POST',
      json: { expiresInSeconds: 60 },
    });
    const answered = Date.now();

    const whole = await fetch(url);
    const file = Buffer.from(await whole.arrayBuffer());
    const part = await fetch(url, { headers: { range: 'bytes=-10' } });
    const head = await fetch(url, { method: 'HEAD' });
    const altered = await fetch(`${url}x`);

    expect(url.startsWith(`${client.url}/v1/exports/${id}/download?token=`)).toBe(true);
    // Whole seconds.
    expect(Date.parse(expiresAt)).toBeGreaterThan(asked + 59_000);
    expect(Date.parse(expiresAt)).toBeLessThan(answered + 61_000);
    expect([whole.status, file.length, whole.headers.get('repr-digest')]).toEqual([200, bytes, digest]);
    expect([part.status, await part.text()]).toEqual([206, file.subarray(-10).toString()]);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes)]);
    for (const { headers } of [whole, altered]) {
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('private, no-store');
    }
    expect(altered.status).toBe(401);

    // Who made the link, or nobody where it was not one.
    const { items } = await eventually(
      () => client.ok<{ items: { path: string; key: string | null }[] }>('/v1/audit?action=exportlinks.download'),
      (audit) => audit.items.length >= 3 && audit.items.some((entry) => entry.key === null),
    );
    expect(new Set(items.map((entry) => entry.key))).toEqual(new Set([key.keyId, null]));
    expect(items.every(({ path }) => path === `/v1/exports/${id}/download`)).toBe(true);
    const token = new URL(url).searchParams.get('token') ?? '';
    const secrets = [token, token.split('.')[2] ?? ''];
    const logs = await Promise.all(
      (await readdir(join(stack.home, 'logs'))).map((name) => readFile(join(stack.home, 'logs', name), 'utf8')),
    );
    const said = JSON.stringify(items) + logs.join('');
    expect(secrets.filter((secret) => secret === '' || said.includes(secret))).toEqual([]);
  });

  it('breaks a download by a link off within a second when its key is revoked', async () => {
    const key = await client.minted('exports:read:orders');
    const { id, bytes } = await client.exported('orders', { ejson: 'canonical', format: 'json' });
    const { url } = await key.ok<ExportLink>(`/v1/exports/${id}/link`, { method: 'POST' });
    const reader = ((await fetch(url)).body as ReadableStream<Uint8Array>).getReader();
    let read = (await reader.read()).value?.length ?? 0;

    await client.request(`/v1/keys/${key.keyId}`, { method: 'DELETE' });
    await withinASecond(
      async () => (await fetch(url, { method: 'HEAD' })).status,
      (status) => status === 401,
    );
    const rest = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length;
    })();

    await expect(rest).rejects.toThrow();
    expect(read).toBeLessThan(bytes);
  });

  it('of a token that sees some rows gives a link to what it may see', async () => {
    const { token } = await client.ok<{ token: string }>('/v1/keys', {
      method: 'POST',
      json: {
        ...{ name: 'paid', scopes: ['exports:create:orders'] },
        authorizationDetails: [
          {
            ...{ type: 'keyport_dataset', datasets: ['orders'], actions: ['exports:create'] },
            ...{ filter: { paid: true }, fields: ['orderId'] },
          },
        ],
      },
    });
    const narrowed = client.with(token);
    const { id, counts } = await narrowed.exported('orders');

    const { url } = await narrowed.ok<ExportLink>(`/v1/exports/${id}/link`, { method: 'POST', json: {} });
    const rows = parseNdjson<object>(await (await fetch(url)).text());

    const paid = source.split('\n').filter((line) => line.includes('"paid":true')).length;
    expect([counts.written, rows.length]).toEqual([paid, paid]);
    expect(Object.keys(rows[0] ?? {})).toEqual(['orderId']);
  });
});
