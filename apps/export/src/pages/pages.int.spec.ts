import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readPage } from '@keyport/contracts';
import { codeOf, unpackZstd, type Who } from '@keyport/testing';
import { orders } from '../harness/documents.ts';
import { ann, ExportSystem } from '../harness/export-system.ts';
import { readPackedPages, readPages, type Selection } from '../harness/read-pages.ts';
import { RecordsDouble } from '../harness/records-double.ts';

let system: ExportSystem;
let records: RecordsDouble;

beforeAll(async () => {
  system = await ExportSystem.start();
  records = await RecordsDouble.on(system.servers);
  await system.startExport();
  records.fill('orders', orders(10_000));
  records.fill('empty', []);
  records.fill('mixed', [
    { _id: 1, a: 1 },
    { _id: 2, b: { c: 'x, "y"' } },
    { _id: 3, a: null, d: [1, 2] },
  ]);
  records.fill('planned', [{ _id: 1, b: 2, extra: true, a: 'one' }], {
    properties: { a: { type: 'string' }, b: { type: 'integer' } },
  });
});

afterAll(() => system.stop());

const read = (dataset: string, selection: Selection) => readPages(system.gateway, ann, dataset, selection);
const text = async (dataset: string, selection: Selection) => (await read(dataset, selection)).join('');

type PageRequest =
  { kind: 'first'; dataset: string; selection: Selection } | { kind: 'next'; dataset: string; cursor: string };

async function* ask(request: PageRequest, who: Who = ann) {
  const authority = await system.gateway.contextFor(who);
  yield* system.gateway.requester.stream(readPage, request, { authority });
}

/** What the first answer is. */
async function refusal(request: PageRequest, who?: Who): Promise<string> {
  const answers = ask(request, who);
  const code = await codeOf(answers.next());
  await answers.return();
  return code;
}

async function firstCursor(dataset: string): Promise<string> {
  for await (const reply of ask({ kind: 'first', dataset, selection: {} }))
    if ('next' in reply) return reply.next ?? '';
  return '';
}

describe('pages of a dataset', () => {
  it('hold every document once and in order, over several pages', async () => {
    const pages = await read('orders', { format: 'ndjson' });

    const lines = pages.join('').trimEnd().split('\n');
    const numbers = lines.map((line) => (JSON.parse(line) as { number: number }).number);
    expect(pages.length).toBeGreaterThan(2);
    expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });

  it('make one JSON array together', async () => {
    const array = JSON.parse(await text('orders', { format: 'json' })) as unknown[];

    expect(array).toHaveLength(10_000);
  });

  it('make an empty array, and nothing else, of an empty dataset', async () => {
    expect(await text('empty', { format: 'json' })).toBe('[]');
    expect(await text('empty', { format: 'ndjson' })).toBe('');
  });

  it('end when the limit is reached', async () => {
    const array = JSON.parse(await text('orders', { format: 'json', limit: 4321 })) as { number: number }[];

    expect(array).toHaveLength(4321);
    expect(array.at(-1)?.number).toBe(4320);
  });

  it('have as CSV columns the fields asked for', async () => {
    expect(await text('mixed', { format: 'csv', fields: ['b.c', 'a'] })).toBe('b.c,a\n,1\n"x, ""y""",\n,\n');
  });

  it('have as CSV columns those of the schema', async () => {
    expect(await text('planned', { format: 'csv' })).toBe('a,b\none,2\n');
  });

  it('have as CSV columns all that occur where nobody named them', async () => {
    const [header] = (await text('mixed', { format: 'csv' })).split('\n');

    expect(header).toBe('_id,a,b.c,d');
  });

  it('look for columns only among the documents that the limit lets through', async () => {
    const [header] = (await text('mixed', { format: 'tsv', limit: 1 })).split('\n');

    expect(header).toBe('_id\ta');
  });

  it('have the types of columns in the header, of those that occur, of the schema and of the fields asked for', async () => {
    const header = async (dataset: string, selection: Selection) =>
      (await text(dataset, { ...selection, format: 'csv', types: 'header' })).split('\n')[0];

    expect(await header('mixed', {})).toBe('_id.int32(),a.int32(),b.c.string(),d.string()');
    expect(await header('planned', {})).toBe('a.string(),b.int32()');
    expect(await header('mixed', { fields: ['b.c', '_id'] })).toBe('b.c.string(),_id.int32()');
    expect(await header('empty', { fields: ['a'] })).toBe('a.string()');
  });

  it('are written in the style that was asked for, on every page', async () => {
    const csv = { newline: 'crlf', bom: true, nullText: 'NULL', delimiter: ';' } as const;

    expect(await text('mixed', { format: 'csv', fields: ['a', 'b.c'], csv })).toBe(
      '\ufeffa;b.c\r\n1;\r\n;"x, ""y"""\r\nNULL;\r\n',
    );
    expect((await text('orders', { format: 'csv', csv })).match(/\r\n/g)).toHaveLength(10_001);
  });

  it.each([
    ['gzip', gunzipSync],
    ['zstd', unpackZstd],
  ] as const)('are one file of %s together, of which each page is a part', async (compression, unpack) => {
    for (const [dataset, format] of [
      ['orders', 'ndjson'],
      ['orders', 'csv'],
      ['empty', 'ndjson'],
      ['empty', 'json'],
    ] as const) {
      const pages = await readPackedPages(system.gateway, ann, dataset, { format, compression });

      expect(unpack(Buffer.concat(pages)).toString()).toBe(await text(dataset, { format }));
      for (const page of pages.filter(({ length }) => length > 0)) expect(() => unpack(page)).not.toThrow();
    }
  });

  it('are refused where options contradict each other', async () => {
    const selection = { format: 'json', csv: { bom: true } } as const;

    expect(await refusal({ kind: 'first', dataset: 'mixed', selection })).toBe('VALIDATION_FAILED');
  });

  it('keep every value of canonical Extended JSON', async () => {
    const [first = ''] = (await text('mixed', { ejson: 'canonical' })).split('\n');

    expect(JSON.parse(first)).toEqual({ _id: { $numberInt: '1' }, a: { $numberInt: '1' } });
  });

  it('tell where the next page begins before the text of this one', async () => {
    const kinds: string[] = [];

    for await (const reply of ask({ kind: 'first', dataset: 'orders', selection: {} }))
      kinds.push(...Object.keys(reply));

    expect(kinds).toEqual(['next', 'count', 'bytes']);
  });

  it('wait out a restart of records', async () => {
    const cursor = await firstCursor('orders');
    let refusals = 0;
    records.refuse = () => ((refusals += 1) <= 3 ? 'SERVICE_UNAVAILABLE' : undefined);

    const code = await refusal({ kind: 'next', dataset: 'orders', cursor });

    expect(code).toBe('none');
    expect(refusals).toBe(4);
    records.refuse = () => undefined;
  });

  it('are refused with the cursor of another dataset, or none at all', async () => {
    const cursor = await firstCursor('orders');

    expect(await refusal({ kind: 'next', dataset: 'mixed', cursor })).toBe('CURSOR_INVALID');
    expect(await refusal({ kind: 'next', dataset: 'orders', cursor: cursor.slice(4) })).toBe('CURSOR_INVALID');
  });

  it('are refused to who may not read the dataset, with or without a cursor', async () => {
    const stranger = { sub: 'eve', scope: 'records:read:mixed exports:create:orders' };
    const cursor = await firstCursor('orders');

    expect(await refusal({ kind: 'first', dataset: 'orders', selection: {} }, stranger)).toBe('INSUFFICIENT_SCOPE');
    expect(await refusal({ kind: 'next', dataset: 'orders', cursor }, stranger)).toBe('INSUFFICIENT_SCOPE');
  });

  it('say that a dataset is not there', async () => {
    expect(await refusal({ kind: 'first', dataset: 'nowhere', selection: {} })).toBe('DATASET_NOT_FOUND');
  });
});
