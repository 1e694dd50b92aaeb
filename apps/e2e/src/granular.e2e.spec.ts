import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthorizationDetail, Export, Import } from '@keyport/contracts';
import { parseNdjson, TestStack, type KeyportClient } from '@keyport/testing';

const ndjson = 'application/x-ndjson';

interface Order {
  readonly _id: number;
  readonly region: string;
  readonly total: number;
  readonly note: string;
  readonly secret: string;
}

interface Problem {
  readonly code?: string;
}

const orders: readonly Order[] = Array.from({ length: 3_000 }, (_, index) => ({
  _id: index,
  region: index % 3 === 0 ? 'eu' : 'us',
  total: index,
  note: `note ${index}`,
  secret: `secret ${index}`,
}));

const linesOf = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const recordPath = (dataset: string, id: number) =>
  `/v1/datasets/${dataset}/records/${encodeURIComponent(`{"$numberInt":"${id}"}`)}`;

const fields = ['_id', 'region', 'total'];
/** What of the orders someone sees who is narrowed to those fields in the region eu. */
const shown = orders.filter(({ region }) => region === 'eu').map(({ _id, region, total }) => ({ _id, region, total }));

describe('A key that is narrow', () => {
  let stack: TestStack;
  let owner: KeyportClient;
  let datasets = 0;

  beforeAll(async () => {
    stack = await TestStack.start();
    owner = stack.client;
    for (const name of ['orders', 'invoices']) {
      await owner.putDataset(name);
      await owner.imported(name, ndjson, linesOf(orders));
    }
  });

  afterAll(() => stack?.stop());

  async function dataset(): Promise<string> {
    datasets += 1;
    const name = `copy-${datasets}`;
    await owner.putDataset(name);
    await owner.imported(name, ndjson, linesOf(orders.slice(0, 30)));
    return name;
  }

  /** A key whose rights, all of them, are narrowed to rows and fields. */
  async function limited(
    scopes: string[],
    limit: Pick<AuthorizationDetail, 'filter' | 'fields'> = { filter: { region: 'eu' }, fields },
  ): Promise<KeyportClient> {
    // Rights on no dataset cannot be narrowed.
    const actions = scopes
      .map((scope) => scope.split(':'))
      .flatMap(([one, two, name]) => (name ? [`${one}:${two}`] : []));
    const details = [{ type: 'keyport_dataset', datasets: ['*'], actions, ...limit }];
    const json = { name: 'narrow', scopes, authorizationDetails: details };
    const { token } = await owner.ok<{ token: string }>('/v1/keys', { method: 'POST', json });
    return owner.with(token);
  }

  const answer = async (caller: KeyportClient, path: string, init?: Parameters<KeyportClient['request']>[1]) => {
    const { status, body } = await caller.request<Problem>(path, init);
    return status < 400 ? String(status) : `${status} ${body.code}`;
  };

  describe('in what it does', () => {
    it('reads the records of its dataset, and does nothing else', async () => {
      const reader = await owner.minted('records:read:orders');
      const post = (json: unknown) => ({ method: 'POST', json });
      const file = { method: 'POST', headers: { 'content-type': ndjson }, body: '{"_id":1}\n' };

      expect(await answer(reader, '/v1/datasets/orders/records?limit=1')).toBe('200');
      expect(await answer(reader, recordPath('orders', 0))).toBe('200');
      const refused = '403 INSUFFICIENT_SCOPE';
      expect(await answer(reader, '/v1/datasets/invoices/records?limit=1')).toBe(refused);
      expect(await answer(reader, recordPath('invoices', 0))).toBe(refused);
      expect(await answer(reader, '/v1/datasets/orders')).toBe(refused);
      expect(await answer(reader, '/v1/datasets/orders', { method: 'PUT', json: {} })).toBe(refused);
      expect(await answer(reader, '/v1/datasets/orders', { method: 'DELETE' })).toBe(refused);
      expect(await answer(reader, recordPath('orders', 0), { method: 'DELETE' })).toBe(refused);
      expect(await answer(reader, '/v1/datasets/orders/imports', file)).toBe(refused);
      expect(await answer(reader, '/v1/datasets/orders/exports', post({}))).toBe(refused);
      expect(await answer(reader, '/v1/keys')).toBe(refused);
      expect(await answer(reader, '/v1/users')).toBe(refused);
      expect(await answer(reader, '/v1/keys', post({ name: 'more', scopes: ['records:read:orders'] }))).toBe(refused);
    });
  });

  describe('in rows and fields', () => {
    it('streams only those', async () => {
      const reader = await limited(['records:read:orders']);

      expect(await reader.records('orders')).toEqual(shown);
      expect(await reader.records('orders', '?fields=total')).toEqual(shown.map(({ total }) => ({ total })));
      expect(await reader.text('/v1/datasets/orders/records', 'text/csv')).toBe(
        ['_id,region,total', ...shown.map((row) => Object.values(row).join(',')), ''].join('\n'),
      );
      expect(await answer(reader, '/v1/datasets/orders/records?fields=secret')).toBe('403 FIELD_NOT_ALLOWED');
    });

    it('reads single records only of those', async () => {
      const reader = await limited(['records:read:orders']);

      expect(await reader.ok(recordPath('orders', 3))).toEqual(shown[1]);
      expect(await answer(reader, recordPath('orders', 4))).toBe('404 RECORD_NOT_FOUND');
      expect(await answer(owner, recordPath('orders', 4))).toBe('200');
    });

    it('exports only those', async () => {
      const exporter = await limited(['exports:create:orders']);

      const done = await exporter.exported('orders');

      expect(done).toMatchObject({ state: 'completed', counts: { written: shown.length } });
      expect(parseNdjson(await exporter.text(`/v1/exports/${done.id}/file`))).toEqual(shown);
      const named = { method: 'POST', json: { fields: ['secret'] } };
      expect(await answer(exporter, '/v1/datasets/orders/exports', named)).toBe('403 FIELD_NOT_ALLOWED');
    });

    it('inserts only those, and names each other row', async () => {
      const name = await dataset();
      const importer = await limited([`imports:create:${name}`]);
      const rows = [
        { _id: 100, region: 'eu', total: 1 },
        { _id: 101, region: 'us', total: 1 },
        { _id: 102, region: 'eu', total: 1, secret: 'mine' },
        { _id: 103, region: 'eu' },
      ];

      const done = await importer.imported(name, ndjson, linesOf(rows));

      expect(done).toMatchObject({ state: 'completed', counts: { read: 4, inserted: 2, rejected: 2 } });
      expect(await importer.rejects(done.id)).toMatchObject([
        { row: 2, line: 2, code: 'ROW_NOT_ALLOWED' },
        { row: 3, line: 3, code: 'FIELD_NOT_ALLOWED', path: 'secret' },
      ]);
      const stored = await owner.records<Order>(name);
      expect(stored.filter(({ _id }) => _id >= 100)).toEqual([rows[0], rows[3]]);
    });

    it('retries rejected rows for what it reaches, and a wider one for what that reaches', async () => {
      const name = await dataset();
      const importer = await limited([`imports:create:${name}`]);
      const elsewhere = await limited([`imports:create:${name}`, `imports:update:${name}`], {
        filter: { region: 'us' },
      });
      const rows = [
        { _id: 100, region: 'us' },
        { _id: 101, region: 'eu', secret: 'mine' },
        { _id: 102, region: 'eu' },
      ];
      const retry = (importId: string, by: KeyportClient) =>
        by.request<Import>(`/v1/imports/${importId}/retry`, { method: 'POST', headers: { prefer: 'wait=30' } });
      const first = await importer.imported(name, ndjson, linesOf(rows));

      const own = await retry(first.id, importer);
      const hidden = await retry(own.body.id, elsewhere);
      const wide = await retry(own.body.id, owner);

      expect(own.body.counts).toMatchObject({ read: 2, inserted: 0, rejected: 2 });
      expect(hidden).toMatchObject({ status: 404, body: { code: 'IMPORT_NOT_FOUND' } });
      expect(wide.body.counts).toMatchObject({ read: 2, inserted: 2 });
      expect(await retry(own.body.id, importer)).toMatchObject({ status: 409, body: { code: 'ALREADY_RETRIED' } });
      expect((await owner.records<Order>(name)).filter(({ _id }) => _id >= 100)).toHaveLength(3);
    });

    it('changes only those, by what they were and what they become', async () => {
      const name = await dataset();
      const importer = await limited([`imports:create:${name}`, `records:update:${name}`]);
      const before = await owner.records<Order>(name);
      const rows = [
        { _id: 3, region: 'eu', total: -3 },
        { _id: 4, region: 'eu', total: -4 },
        { _id: 6, region: 'us', total: -6 },
        { _id: 9, region: 'eu', total: -9, secret: 'mine' },
        { _id: 200, region: 'eu', total: 200 },
      ];

      const done = await importer.imported(name, ndjson, linesOf(rows), '?mode=upsert');

      expect(done.counts).toMatchObject({ read: 5, updated: 1, inserted: 1, rejected: 3 });
      expect((await importer.rejects(done.id)).map(({ row, code }) => [row, code])).toEqual([
        [2, 'ROW_NOT_ALLOWED'],
        [3, 'ROW_NOT_ALLOWED'],
        [4, 'FIELD_NOT_ALLOWED'],
      ]);
      const after = await owner.records<Order>(name);
      // What it may not name stays as it was.
      expect(after).toEqual([
        ...before.map((order) => (order._id === 3 ? { ...order, total: -3 } : order)),
        { _id: 200, region: 'eu', total: 200 },
      ]);
    });

    it('has no right that no detail gives, though a scope does', async () => {
      const details = [{ type: 'keyport_dataset', datasets: ['orders'], actions: ['records:read'] }];
      const json = { name: 'half', scopes: ['records:read:*', 'exports:create:*'], authorizationDetails: details };
      const { token } = await owner.ok<{ token: string }>('/v1/keys', { method: 'POST', json });
      const half = owner.with(token);

      expect(await answer(half, '/v1/datasets/orders/records?limit=1')).toBe('200');
      expect(await answer(half, '/v1/datasets/invoices/records?limit=1')).toBe('403 INSUFFICIENT_SCOPE');
      const post = { method: 'POST', json: {} };
      expect(await answer(half, '/v1/datasets/orders/exports', post)).toBe('403 INSUFFICIENT_SCOPE');
    });

    it('gives a key that it mints no more than it has', async () => {
      const parent = await limited(['records:read:orders', 'keys:create']);

      const child = await parent.minted('records:read:orders');

      expect(await child.records('orders')).toEqual(shown);
    });
  });

  describe("in others' jobs", () => {
    const scopes = ['imports:create:orders', 'exports:create:orders', 'records:read:orders'];
    let importJob: Import;
    let exportJob: Export;
    let maker: KeyportClient;

    beforeAll(async () => {
      maker = await owner.minted(...scopes);
      importJob = await maker.imported('orders', ndjson, 'not json\n');
      exportJob = await maker.exported('orders');
    });

    const seenBy = async (caller: KeyportClient) => ({
      import: await answer(caller, `/v1/imports/${importJob.id}`),
      rejects: await answer(caller, `/v1/imports/${importJob.id}/rejects`),
      cancel: await answer(caller, `/v1/imports/${importJob.id}/cancel`, { method: 'POST' }),
      export: await answer(caller, `/v1/exports/${exportJob.id}`),
      file: await answer(caller, `/v1/exports/${exportJob.id}/file`),
      delete: await answer(caller, `/v1/exports/${exportJob.id}`, { method: 'DELETE' }),
      listed: [
        ...(await caller.ok<{ items: Import[] }>('/v1/imports?limit=1000')).items,
        ...(await caller.ok<{ items: Export[] }>('/v1/exports?limit=1000')).items,
      ].filter(({ id }) => id === importJob.id || id === exportJob.id).length,
    });
    const noImport = '404 IMPORT_NOT_FOUND';
    const noExport = '404 EXPORT_NOT_FOUND';
    const nothing = {
      ...{ import: noImport, rejects: noImport, cancel: noImport },
      ...{ export: noExport, file: noExport, delete: noExport, listed: 0 },
    };

    it('sees nothing with another key of the same person', async () => {
      expect(await seenBy(await owner.minted(...scopes))).toEqual(nothing);
    });

    it('sees nothing with rights to read them on another dataset', async () => {
      const reader = await owner.minted('imports:read:invoices', 'exports:read:invoices', 'imports:read:orders-*');

      expect(await seenBy(reader)).toEqual(nothing);
    });

    it('sees nothing with rights to read them for fewer rows or fields than are in them', async () => {
      const rights = ['imports:read:*', 'exports:read:*', 'imports:update:*', 'exports:delete:*'];

      expect(await seenBy(await limited(rights, { filter: { region: 'eu' } }))).toEqual(nothing);
      expect(await seenBy(await limited(rights, { fields: ['_id', 'total'] }))).toEqual(nothing);
    });

    it('sees what lies within its own rows and fields', async () => {
      const made = await (await limited(['exports:create:orders'])).exported('orders');
      const reader = await limited(['exports:read:orders'], { filter: { region: 'eu' } });

      expect(parseNdjson(await reader.text(`/v1/exports/${made.id}/file`))).toEqual(shown);
      const { items } = await reader.ok<{ items: Export[] }>('/v1/exports?limit=1');
      expect(items.map(({ id }) => id)).toEqual([made.id]);
      expect(await answer(reader, `/v1/exports/${made.id}`, { method: 'DELETE' })).toBe('403 INSUFFICIENT_SCOPE');
    });

    it('sees them with the right to read them, and the creator does without it', async () => {
      const reading = { import: '200', rejects: '200', export: '200', file: '200', listed: 2 };

      expect(await seenBy(await owner.minted('imports:read:orders', 'exports:read:orders'))).toEqual({
        ...reading,
        cancel: '403 INSUFFICIENT_SCOPE',
        delete: '403 INSUFFICIENT_SCOPE',
      });
      // The import has ended, and the last look of all deletes the export.
      expect(await seenBy(maker)).toEqual({ ...reading, cancel: '409 IMPORT_STATE', delete: '204', listed: 1 });
    });
  });

  describe('in imports a day', () => {
    const minted = async (limits: Record<string, number>) => {
      const json = { name: 'quota', scopes: ['imports:create:*'], limits };
      const { token } = await owner.ok<{ token: string }>('/v1/keys', { method: 'POST', json });
      return owner.with(token);
    };
    const rows = (from: number, count: number) =>
      linesOf(Array.from({ length: count }, (_, index) => ({ _id: from + index, note: 'x'.repeat(100) })));

    it('begins as many as its limit says, and is told when it may go on', async () => {
      const name = await dataset();
      const importer = await minted({ importsPerDay: 2 });

      const replies = [];
      for (let round = 0; round < 3; round += 1) {
        replies.push(await importer.import(name, ndjson, rows(1000 * (round + 1), 5)));
      }

      expect(replies.map(({ status }) => status)).toEqual([202, 202, 429]);
      expect(replies[2]?.body).toMatchObject({ code: 'QUOTA_EXCEEDED' });
      const seconds = Number(replies[2]?.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(86_400);
    });

    it('is refused a file that says that it is larger than what is left', async () => {
      const name = await dataset();
      const importer = await minted({ importBytesPerDay: 10_000 });

      const { status, body } = await importer.import(name, ndjson, rows(1000, 1_000));

      expect([status, body]).toEqual([429, expect.objectContaining({ code: 'QUOTA_EXCEEDED' })]);
      expect(await owner.ok<{ items: Import[] }>(`/v1/imports?dataset=${name}`)).toMatchObject({
        items: [{ state: 'completed' }],
      });
    });

    it('has an upload broken off that turns out larger, and the rows before counted', async () => {
      const name = await dataset();
      const limit = 4_000_000;
      const importer = await minted({ importBytesPerDay: limit });
      // Without a length, and ten times what is left. A part that does not wait its turn would keep fetch so busy that it
      // never reads the answer.
      async function* parts() {
        for (let sent = 0, from = 1_000; sent < 10 * limit; from += 1_000) {
          const part = Buffer.from(rows(from, 1_000));
          sent += part.length;
          await setImmediate();
          yield part;
        }
      }
      const body = ReadableStream.from(parts()) as ReadableStream<Uint8Array>;

      const { status, body: problem, headers } = await importer.import(name, ndjson, body);

      expect([status, problem]).toEqual([429, expect.objectContaining({ code: 'QUOTA_EXCEEDED' })]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      const { items } = await owner.ok<{ items: Import[] }>(`/v1/imports?dataset=${name}&limit=1`);
      const done = await owner.importEnd(items[0]?.id ?? '');
      expect(done).toMatchObject({ state: 'failed', error: { code: 'QUOTA_EXCEEDED' } });
      expect(done.bytes.received).toBeLessThanOrEqual(limit);
      expect(done.counts.read).toBe(done.counts.inserted + done.counts.rejected);
      expect((await owner.dataset(name)).count).toBe(30 + done.counts.inserted);
    });
  });
});
