import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TestStack, type KeyportClient } from '@keyport/testing';

const ndjson = 'application/x-ndjson';
const lines = (...rows: unknown[]) =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');

describe('An import', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let dataset: string;
  let serial = 0;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
  });

  beforeEach(async () => {
    serial += 1;
    dataset = `import-${serial}`;
    await client.putDataset(dataset);
  });

  afterAll(() => stack?.stop());

  it('answers 202 with its place, and ends with exact counts', async () => {
    const { status, headers, body } = await client.import(dataset, ndjson, lines({ a: 1 }, { a: 2 }));
    const ended = await client.importEnd(body.id);

    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/imports/${body.id}`);
    expect(ended).toMatchObject({
      state: 'completed',
      dataset,
      mode: 'insert',
      counts: { read: 2, inserted: 2, updated: 0, unchanged: 0, deleted: 0, rejected: 0, skipped: 0 },
    });
    expect(await client.records(dataset, '?fields=a')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('waits for its end where the client prefers that', async () => {
    const { status, headers, body } = await client.import(dataset, ndjson, lines({ a: 1 }), '', { prefer: 'wait=30' });

    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=30');
    expect(body).toMatchObject({ state: 'completed', counts: { inserted: 1 } });
  });

  it('takes PUT, as curl -T sends it', async () => {
    const { status, body } = await client.request<{ id: string }>(`/v1/datasets/${dataset}/imports`, {
      method: 'PUT',
      headers: { 'content-type': ndjson },
      body: lines({ a: 1 }),
    });

    expect(status).toBe(202);
    expect((await client.importEnd(body.id)).counts.inserted).toBe(1);
  });

  it('reads a JSON array', async () => {
    const ended = await client.imported(dataset, 'application/json', '[ {"a":1},\n {"a":[{"b":"]"}]} ]');

    expect(ended.counts).toMatchObject({ read: 2, inserted: 2 });
    expect(await client.records(dataset, '?fields=a')).toEqual([{ a: 1 }, { a: [{ b: ']' }] }]);
  });

  it('reads CSV as text, or as the types of the schema', async () => {
    const csv = 'code,qty\n007,"1"\n"a\nb",2\n';
    await client.imported(dataset, 'text/csv', csv);
    await client.putDataset('typed-csv', {
      schema: { type: 'object', properties: { code: { type: 'string' }, qty: { type: 'integer' } } },
    });
    await client.imported('typed-csv', 'text/csv', csv);

    expect(await client.records(dataset, '?fields=code,qty')).toEqual([
      { code: '007', qty: '1' },
      { code: 'a\nb', qty: '2' },
    ]);
    expect(await client.records('typed-csv', '?fields=code,qty')).toEqual([
      { code: '007', qty: 1 },
      { code: 'a\nb', qty: 2 },
    ]);
  });

  it('unpacks gzip', async () => {
    const ended = await client.imported(dataset, ndjson, gzipSync(lines({ a: 1 }, { a: 2 })), '', {
      'content-encoding': 'gzip',
    });

    expect(ended).toMatchObject({ state: 'completed', counts: { read: 2, inserted: 2 } });
  });

  it('unpacks zstd, reads UTF-16 in the dialect that the query names, and refuses one that contradicts itself', async () => {
    const packed = zstdCompressSync(lines({ code: '007', qty: 1 }));
    const utf16 = Buffer.from("\ufeff'008';2;\r\n'Zoë;';NULL;x\r\n", 'utf16le');
    const dialect =
      '?types=lossless&csv.delimiter=%3B&csv.quote=%27&csv.header=false&csv.columns=code,qty,note&csv.nullText=NULL&csv.empty=absent';

    await client.imported(dataset, ndjson, packed, '', { 'content-encoding': 'zstd' });
    await client.imported(dataset, 'text/csv; charset=utf-16', utf16, dialect);
    const refused = await client.import(dataset, 'text/csv', 'a\n', '?csv.header=false');

    expect(await client.records(dataset, '?fields=code,qty,note')).toEqual([
      { code: '007', qty: 1 },
      { code: '008', qty: 2 },
      { code: 'Zoë;', qty: null, note: 'x' },
    ]);
    expect(refused).toMatchObject({
      status: 422,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: 'csv.columns' }] },
    });
  });

  it('keeps the good rows and lists the bad ones with line and reason', async () => {
    const ended = await client.imported(dataset, ndjson, lines({ a: 1 }, '{"a":', '[1]', { a: 2 }, '{"$where":1}'));
    const rejects = await client.rejects(ended.id);

    expect(ended).toMatchObject({ state: 'completed', counts: { read: 5, inserted: 2, rejected: 3 } });
    expect(rejects.map(({ row, line, code }) => [row, line, code])).toEqual([
      [2, 2, 'MALFORMED_JSON'],
      [3, 3, 'NOT_AN_OBJECT'],
      [5, 5, 'INVALID_FIELD_NAME'],
    ]);
    expect(rejects[0]).toMatchObject({ raw: '{"a":', byteOffset: 8, message: expect.any(String) });
  });

  it('pages rejected rows as JSON', async () => {
    const ended = await client.imported(
      dataset,
      ndjson,
      lines(...Array.from({ length: 5 }, () => 'nonsense'), { a: 1 }),
    );
    const json = { headers: { accept: 'application/json' } };

    const first = await client.ok<{ items: { row: number }[]; next: string }>(
      `/v1/imports/${ended.id}/rejects?limit=3`,
      json,
    );
    const second = await client.ok<{ items: { row: number }[]; next: null }>(
      `/v1/imports/${ended.id}/rejects?limit=3&cursor=${first.next}`,
      json,
    );

    expect([...first.items, ...second.items].map(({ row }) => row)).toEqual([1, 2, 3, 4, 5]);
    expect(second.next).toBeNull();
  });

  it('inserts the first of equal keys and rejects the later ones, in one chunk, across chunks and against stored rows', async () => {
    await client.putDataset('keyed', { key: ['sku'] });
    await client.imported('keyed', ndjson, lines({ sku: 'stored', n: 0 }));
    const rows = [
      { sku: 'a', n: 1 },
      { sku: 'a', n: 2 },
      { sku: 'stored', n: 3 },
      ...Array.from({ length: 1500 }, (_, n) => ({ sku: `bulk-${n}`, n })),
      { sku: 'a', n: 4 },
    ];

    const ended = await client.imported('keyed', ndjson, lines(...rows));
    const rejects = await client.rejects(ended.id);

    expect(ended.counts).toMatchObject({ read: 1504, inserted: 1501, rejected: 3 });
    expect(rejects.map(({ row, code }) => [row, code])).toEqual([
      [2, 'DUPLICATE_KEY'],
      [3, 'DUPLICATE_KEY'],
      [1504, 'DUPLICATE_KEY'],
    ]);
    expect(
      (await client.records<{ sku: string; n: number }>('keyed', '?fields=sku,n')).filter(
        ({ sku }) => sku === 'a' || sku === 'stored',
      ),
    ).toEqual([
      { sku: 'stored', n: 0 },
      { sku: 'a', n: 1 },
    ]);
  });

  it('upserts by key: new ones in, changed ones over, equal ones left alone', async () => {
    await client.putDataset('upserted', { key: ['sku'] });
    await client.imported('upserted', ndjson, lines({ sku: 'a', n: 1 }, { sku: 'b', n: 1 }));

    const ended = await client.imported(
      'upserted',
      ndjson,
      lines({ sku: 'a', n: 1 }, { sku: 'b', n: 2 }, { sku: 'c', n: 3 }),
      '?mode=upsert',
    );

    expect(ended.counts).toEqual({
      read: 3,
      inserted: 1,
      updated: 1,
      unchanged: 1,
      deleted: 0,
      rejected: 0,
      skipped: 0,
    });
    expect(await client.records('upserted', '?fields=sku,n')).toEqual([
      { sku: 'a', n: 1 },
      { sku: 'b', n: 2 },
      { sku: 'c', n: 3 },
    ]);
  });

  it('lists imports and pages through them', async () => {
    const first = await client.imported(dataset, ndjson, lines({ a: 1 }));
    const second = await client.imported(dataset, ndjson, lines({ a: 2 }));

    const page = await client.ok<{ items: { id: string }[]; next: string }>(`/v1/imports?dataset=${dataset}&limit=1`);
    const rest = await client.ok<{ items: { id: string }[]; next: null }>(
      `/v1/imports?dataset=${dataset}&limit=1&cursor=${page.next}`,
    );

    expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual([second.id, first.id]);
  });

  it('shows an import to its creator and to who may read imports, and to nobody else', async () => {
    const importer = await client.minted(`imports:create:${dataset}`);
    const ended = await importer.imported(dataset, ndjson, lines({ a: 1 }));
    const stranger = await client.minted(`imports:create:${dataset}`, 'records:read:other');
    const reader = await client.minted(`imports:read:${dataset}`);

    expect(ended.counts.inserted).toBe(1);
    expect((await reader.request(`/v1/imports/${ended.id}`)).status).toBe(200);
    expect((await importer.request(`/v1/imports/${ended.id}/rejects`)).status).toBe(200);
    expect((await stranger.request(`/v1/imports/${ended.id}`)).status).toBe(404);
    expect((await stranger.request(`/v1/imports/${ended.id}/rejects`)).status).toBe(404);
  });
});
