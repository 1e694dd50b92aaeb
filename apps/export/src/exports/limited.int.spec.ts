import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putDataset, readPage, type AuthorizationDetail } from '@keyport/contracts';
import { codeOf, parseNdjson, type Who } from '@keyport/testing';
import { ann, ExportSystem } from '../harness/export-system.ts';
import { readPages } from '../harness/read-pages.ts';

let system: ExportSystem;

const count = 20_000;
/** More than one page, in every region. */
const documents = Array.from({ length: count }, (_, index) => ({
  ...{ _id: index, region: index % 4 === 0 ? 'eu' : 'us', total: index, secret: `s-${index}` },
  ...{ address: { city: 'Ulm', zip: index }, pad: 'x'.repeat(150) },
}));

beforeAll(async () => {
  system = await ExportSystem.start();
  await Promise.all([system.servers.service('records'), system.startExport()]);
  const records = system.mongodb.useDb('records');
  const text = { type: 'string' };
  const properties = { region: text, total: { type: 'integer' }, secret: text };
  for (const name of ['orders', 'planned']) {
    await system.ask(putDataset, { name, ...(name === 'planned' && { schema: { properties } }) });
    const found = await records.collection('datasets').findOne({ _id: name as never });
    await records.collection(String(found?.['collectionName'])).insertMany(documents as never[]);
  }
});

afterAll(() => system.stop());

const euTotals = { filter: { region: 'eu' }, fields: ['total', 'address.city'] };

/** Someone who reads and exports, both narrowed in the same way. */
const limitedTo = (limit: Partial<AuthorizationDetail>): Who => ({
  ...{ sub: 'limited', scope: 'records:read:* exports:create:*' },
  authorization_details: [
    { type: 'keyport_dataset', datasets: ['*'], actions: ['records:read', 'exports:create'], ...limit },
  ],
});

const wanted = documents
  .filter(({ region }) => region === 'eu')
  .map(({ total }) => ({ total, address: { city: 'Ulm' } }));

async function jobFile(who: Who, selection = {}, dataset = 'orders'): Promise<string> {
  const job = await system.completed(await system.create(dataset, selection, who), who);
  return (await system.download(job.id, who)).toString();
}

const streamed = async (who: Who, selection = {}, dataset = 'orders') =>
  (await readPages(system.gateway, who, dataset, selection)).join('');

describe.each([
  ['the streaming route', streamed],
  ['an export job', jobFile],
] as const)('rows and fields of a token, through %s,', (_route, read) => {
  it('are all that is read', async () => {
    expect(parseNdjson(await read(limitedTo(euTotals)))).toEqual(wanted);
  });

  it('count for a limit', async () => {
    expect(parseNdjson(await read(limitedTo(euTotals), { limit: 3 }))).toEqual(wanted.slice(0, 3));
  });

  it('make the columns of a table, also where its schema names others', async () => {
    const expected = ['total,address.city', ...wanted.map(({ total }) => `${total},Ulm`), ''].join('\n');

    expect(await read(limitedTo(euTotals), { format: 'csv' })).toBe(expected);
    const planned = await read(limitedTo(euTotals), { format: 'csv' }, 'planned');
    expect(planned.slice(0, 12)).toBe('total\n0\n4\n8\n');
    expect(planned).not.toContain('secret');
  });

  it('let no other field be named', async () => {
    expect(await codeOf(read(limitedTo(euTotals), { fields: ['secret'] }))).toBe('FIELD_NOT_ALLOWED');
  });

  it('are none where no detail gives the action', async () => {
    const who = limitedTo({ actions: ['records:create'] });

    expect(await codeOf(read(who))).toBe('INSUFFICIENT_SCOPE');
  });
});

describe('a cursor of someone who reads all', () => {
  it('shows to whoever goes on with it only their own rows and fields', async () => {
    const cursor = await firstCursor(ann, {});
    const texts: string[] = [];
    for await (const bytes of pagesFrom(cursor, limitedTo(euTotals))) texts.push(Buffer.from(bytes).toString());

    const rows = parseNdjson<Record<string, unknown>>(texts.join(''));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows).toEqual(wanted.slice(-rows.length));
  });

  it('is refused where it names fields that are not theirs', async () => {
    const cursor = await firstCursor(ann, { fields: ['total', 'secret'] });

    expect(await codeOf(pagesFrom(cursor, limitedTo(euTotals)).next())).toBe('FIELD_NOT_ALLOWED');
  });
});

async function* ask(who: Who, request: Parameters<typeof system.gateway.requester.stream<typeof readPage>>[1]) {
  yield* system.gateway.requester.stream(readPage, request, { authority: await system.gateway.contextFor(who) });
}

async function firstCursor(who: Who, selection: { fields?: string[] }): Promise<string> {
  for await (const reply of ask(who, { kind: 'first', dataset: 'orders', selection }))
    if ('next' in reply && reply.next !== null) return reply.next;
  throw new Error('the dataset has one page only');
}

async function* pagesFrom(start: string, who: Who): AsyncGenerator<Uint8Array> {
  for (let cursor: string | null = start; cursor !== null;) {
    const replies = ask(who, { kind: 'next', dataset: 'orders', cursor });
    cursor = null;
    for await (const reply of replies) {
      if ('bytes' in reply) yield reply.bytes;
      else cursor = reply.next;
    }
  }
}
