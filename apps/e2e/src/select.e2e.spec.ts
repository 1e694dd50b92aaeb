import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseNdjson, TestStack, until, type KeyportClient } from '@keyport/testing';
import { openStream, readStream, streamed } from './streaming.ts';

interface Order {
  readonly _id: number;
  readonly region: string;
  readonly total: number;
  readonly placedAt: string;
  readonly note: string;
}

interface Problem {
  readonly code?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

const schema = {
  type: 'object',
  properties: {
    _id: { type: 'integer' },
    region: { type: 'string' },
    total: { type: 'integer' },
    placedAt: { type: 'string', format: 'date-time' },
    note: { type: 'string' },
  },
  additionalProperties: false,
};
const dayMs = 86_400_000;
const orders: readonly Order[] = Array.from({ length: 20_000 }, (_, index) => ({
  _id: index,
  region: index % 3 === 0 ? 'eu' : 'us',
  total: (index * 7_919) % 20_011,
  placedAt: new Date(Date.UTC(2024, 0, 1) + (index % 500) * dayMs).toISOString(),
  note: `note ${index} ${'x'.repeat(300)}`,
}));
const linesOf = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const idsOf = (text: string) => parseNdjson<Order>(text).map(({ _id }) => _id);
const idsWhere = (test: (order: Order) => boolean) => orders.filter(test).map(({ _id }) => _id);
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const query = (options: Record<string, unknown>) => {
  const pairs = Object.entries(options).map(([name, value]): [string, string] => [name, textOf(value)]);
  return `?${new URLSearchParams(pairs).toString()}`;
};

describe('A selection', () => {
  let stack: TestStack;
  let client: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
    await client.putDataset('orders', { schema });
    await client.imported('orders', 'application/x-ndjson', linesOf(orders));
  });

  afterAll(() => stack?.stop());

  const path = (options: Record<string, unknown>, dataset = 'orders') =>
    `/v1/datasets/${dataset}/records${query(options)}`;
  const select = (options: Record<string, unknown>, who = client) => streamed(who, path(options));

  it('filters by dates and all else that the schema says, and tells how many records that were', async () => {
    const since = await select({ filter: { placedAt: { $gte: '2025-01-01' }, region: 'eu' } });
    const expected = idsWhere(({ placedAt, region }) => placedAt >= '2025-01-01' && region === 'eu');

    expect(idsOf(since.text)).toEqual(expected);
    expect(since.trailers).toEqual({ count: String(expected.length), cursor: undefined });
    const byText = await select({ filter: { note: { $regex: '^note 77[0-9]? ' } }, fields: '_id' });
    expect(idsOf(byText.text)).toEqual([77, 770, 771, 772, 773, 774, 775, 776, 777, 778, 779]);
  });

  it('sorts, also what many pages hold', async () => {
    const sorted = await select({ sort: '-total,_id', fields: '_id' });
    const top = await select({ sort: '-total,_id', fields: '_id', limit: 3, filter: { region: 'eu' } });

    const expected = orders.toSorted((one, other) => other.total - one.total || one._id - other._id);
    expect(idsOf(sorted.text)).toEqual(expected.map(({ _id }) => _id));
    expect(sorted.trailers).toEqual({ count: '20000', cursor: undefined });
    expect(idsOf(top.text)).toEqual(
      expected
        .filter(({ region }) => region === 'eu')
        .slice(0, 3)
        .map(({ _id }) => _id),
    );
  });

  it('goes on behind the cursor of an earlier answer until there is none, and behind an _id', async () => {
    const options = { filter: { region: 'eu' }, fields: '_id', limit: 3_000 };
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const { text, trailers } = await select({ ...options, ...(cursor && { after: cursor }) });
      const page = idsOf(text);
      expect(trailers?.count).toBe(String(page.length));
      seen.push(...page);
      cursor = trailers?.cursor;
    } while (cursor);
    const behind = await select({ ...options, limit: 2, after: '100' });

    expect(seen).toEqual(idsWhere(({ region }) => region === 'eu'));
    expect(idsOf(behind.text)).toEqual([102, 105]);
  });

  it('makes a file of the same bytes', async () => {
    const selection = { filter: { total: { $lt: 1_000 } }, sort: ['-placedAt', '_id'], limit: 500 };
    const job = await client.exported('orders', selection);

    const file = await client.text(`/v1/exports/${job.id}/file`);

    expect(job.counts.written).toBe(500);
    expect(file).toBe((await select({ ...selection, sort: '-placedAt,_id' })).text);
  });

  it('gives through a narrow key its own rows and fields alone, by cursors that tell nothing of others', async () => {
    const detail = { type: 'keyport_dataset', datasets: ['*'], actions: ['records:read'] };
    const authorizationDetails = [{ ...detail, filter: { region: 'eu' }, fields: ['_id', 'total'] }];
    const json = { name: 'narrow', scopes: ['records:read:*'], authorizationDetails };
    const narrow = client.with((await client.ok<{ token: string }>('/v1/keys', { method: 'POST', json })).token);
    const own = orders.filter(({ region }) => region === 'eu');

    const first = await select({ filter: { total: { $gte: 100 } }, sort: 'total,_id', limit: 4 }, narrow);
    const page = await select({ limit: 10 }, narrow);
    const next = await select({ limit: 10, after: page.trailers?.cursor }, narrow);
    const refused = await Promise.all(
      [
        { filter: { region: 'us' } },
        { sort: 'note' },
        { fields: 'placedAt' },
        { filter: { $or: [{ nothing: 1 }] } },
      ].map((options) => narrow.request<Problem>(path(options))),
    );

    const shown = own.map(({ _id, total }) => ({ _id, total }));
    const expected = shown.filter(({ total }) => total >= 100).sort((one, other) => one.total - other.total);
    expect(parseNdjson(first.text)).toEqual(expected.slice(0, 4));
    expect(parseNdjson(page.text + next.text)).toEqual(shown.slice(0, 20));
    expect(Buffer.from(page.trailers?.cursor ?? '', 'base64url').toString('latin1')).not.toContain('_id');
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual(Array(4).fill([403, 'FIELD_NOT_ALLOWED']));
  });

  it.each([
    ['an operator that runs code', { filter: { $where: 'sleep(1e9)' } }, /\$where is not allowed/],
    ['$expr', { filter: { $expr: { $function: {} } } }, /\$expr is not allowed/],
    ['$function', { filter: { total: { $function: { body: 'x' } } } }, /\$function is not allowed/],
    ['a pattern that tries for ever', { filter: { note: { $regex: '^(x+)+$' } } }, /must not repeat a group/],
    ['no JSON', { filter: '{' }, /must be JSON/],
    ['a wrong date', { filter: { placedAt: { $gte: 'yesterday' } } }, /must be a date/],
    ['a field that the schema does not know', { filter: { totl: 5 } }, /no field of the dataset/],
    ['such a field to sort by', { sort: 'totl' }, /no field of the dataset/],
    ['such a field to show', { fields: 'totl' }, /no field of the dataset/],
    ['a field twice', { sort: 'total,-total' }, /twice/],
    ['sort with after', { sort: 'total', after: '5' }, /not together with sort/],
    ['no number as limit', { limit: 0 }, /./],
  ])('is refused by name where it is wrong: %s', async (_what, options, message) => {
    const { status, body } = await client.request<Problem>(path(options));

    expect([status, body.code]).toEqual([422, 'VALIDATION_FAILED']);
    expect(body.errors?.[0]?.message).toMatch(message);
  });

  it('is refused where it is nested 1,000 deep, as query and as body, and where nothing can be written', async () => {
    const nested = (levels: number) => `${'{"$and":['.repeat(levels)}{}${']}'.repeat(levels)}`;
    const headers = { 'content-type': 'application/json' };

    const asQuery = await client.request<Problem>(
      `/v1/datasets/orders/records?filter=${encodeURIComponent(nested(300))}`,
    );
    const body = { method: 'POST', body: `{"filter":${nested(1_000)}}`, headers };
    const asBody = await client.request<Problem>('/v1/datasets/orders/exports', body);
    const xml = await client.request<Problem>(path({}), { headers: { accept: 'application/xml, text/html' } });
    const cursor = await client.request<Problem>(path({ after: 'bm9uZQ' }));

    expect([asQuery.status, asBody.status, xml.status, cursor.status]).toEqual([422, 422, 406, 400]);
    expect([xml.body.code, cursor.body.code]).toEqual(['NOT_ACCEPTABLE', 'CURSOR_INVALID']);
    expect((await client.request('/health/ready')).status).toBe(200);
  });

  it('is answered where no record matches', async () => {
    const answer = await openStream(client, path({ filter: { note: { $regex: '^x' }, total: { $gte: 0 } } }));

    expect(answer.statusCode).toBe(200);
    expect(await readStream(answer)).toMatchObject({ text: '', trailers: { count: '0' } });
  });

  it.each(['records', 'export'] as const)('never ends as if whole when %s is killed', async (service) => {
    const answer = await openStream(client, path({ filter: { total: { $gte: 0 } } }));
    await new Promise((resolve) => answer.once('readable', resolve));

    await stack.kill(service);
    const { text, trailers } = await readStream(answer);

    if (trailers) expect([idsOf(text).length, trailers.count]).toEqual([orders.length, String(orders.length)]);
    else expect(text.length).toBeLessThan(linesOf(orders).length);
    await until(async () => (await client.request('/health/ready')).status === 200, 'the stack to be ready');
    await until(async () => (await client.request(path({ limit: 1 }))).status === 200, 'records to be read again');
  });

  it('is broken off when the dataset is deleted on its way', async () => {
    await client.putDataset('gone');
    await client.imported('gone', 'application/x-ndjson', linesOf(orders));
    const answer = await openStream(client, path({}, 'gone'));
    await new Promise((resolve) => answer.once('readable', resolve));

    await client.request('/v1/datasets/gone', { method: 'DELETE' });
    const { text, trailers } = await readStream(answer);

    expect(trailers).toBeUndefined();
    expect(text.length).toBeLessThan(linesOf(orders).length);
  });
});
