import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyportError, putDataset, scanRecords, type ReplyOf, type RequestInput } from '@keyport/contracts';
import { codeOf, eventually, refusalOf, type ServiceProcess } from '@keyport/testing';
import { BSON, ObjectId } from 'bson';
import { detailOf } from '../harness/bus-client.ts';
import { plainly, RecordsSystem } from '../harness/records-system.ts';
import { longestText } from './bounded-pattern.ts';

let system: RecordsSystem;
let service: ServiceProcess;

const dated = { properties: { at: { type: 'string', format: 'date-time' }, n: { type: 'integer' } } };
const closed = { ...dated, additionalProperties: false };

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  service = await system.startService();
});

afterAll(() => system.stop());

async function fill(name: string, documents: readonly BSON.Document[], schema?: Record<string, unknown>) {
  await system.dataset(name, schema && { schema });
  const collection = await system.collectionOf(name);
  for (let from = 0; from < documents.length; from += 10_000)
    await collection.insertMany(documents.slice(from, from + 10_000));
  return collection;
}

type Scan = Partial<RequestInput<typeof scanRecords>>;

const ask = (dataset: string, options: Scan, authority?: string): Promise<ReplyOf<typeof scanRecords>> =>
  system.bus.ask(
    'export',
    scanRecords,
    { dataset, ...options },
    { ...(authority && { authority }), retryForMs: 50_000 },
  );

/** A first page where it can be given: a machine that stands still while it sorts is told SORT_TOO_LARGE as well. */
async function askInTime(dataset: string, options: Scan): Promise<ReplyOf<typeof scanRecords>> {
  for (let left = 3; ; left -= 1) {
    try {
      return await ask(dataset, options);
    } catch (error) {
      if (left === 0 || !(error instanceof KeyportError) || error.code !== 'SORT_TOO_LARGE') throw error;
    }
  }
}

/** As export does: the filter of the first page as it was understood there. */
async function* pagesOf(dataset: string, { filter, ...options }: Scan): AsyncGenerator<number[], void> {
  let at: Scan = { filter };
  do {
    const { documents, next, filter: understood } = await askInTime(dataset, { ...options, ...at });
    const page = [];
    for (let start = 0; start < documents.length; start += Buffer.from(documents).readInt32LE(start))
      page.push(
        Number(BSON.deserialize(documents.subarray(start, start + Buffer.from(documents).readInt32LE(start)))._id),
      );
    yield page;
    at = { cursor: next, filter: understood, isTyped: true };
  } while (at.cursor);
}

const idsOf = async (dataset: string, options: Scan) => (await Array.fromAsync(pagesOf(dataset, options))).flat();
const numbered = <Rest extends object>(count: number, rest: (index: number) => Rest) =>
  Array.from({ length: count }, (_, index) => ({ _id: index, ...rest(index) }));

describe('a filter', () => {
  it('is read by the schema, and for all pages as for the first', async () => {
    const at = (index: number) => new Date(Date.UTC(2024, 0, 1 + index));
    await fill(
      'typed',
      numbered(20, (index) => ({ at: at(index) })),
      dated,
    );
    const pages = pagesOf('typed', { filter: '{"at":{"$gte":"2024-01-11"}}', maxBytes: 1 });
    const first = await pages.next();

    await system.bus.ask('gateway', putDataset, { name: 'typed', schema: null });
    const rest = await Array.fromAsync(pages);

    expect([...(first.value ?? []), ...rest.flat()]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(await idsOf('typed', { filter: '{"at":{"$gte":"2024-01-11"}}' })).toEqual([]);
  });

  it('finds by an index what a walk would come to after many pages', async () => {
    const records = numbered(30_000, (index) => ({ rare: index === 29_999 ? 'yes' : `no ${index % 1_000}` }));
    const collection = await fill('indexed', records);
    await collection.createIndex({ rare: 1 });

    // MongoDB has 45 ms to find it, which are over where the machine stands still: then it is walked, with the same end.
    const pages = await eventually(
      () => Array.fromAsync(pagesOf('indexed', { filter: '{"rare":"yes"}' })),
      ({ length }) => length === 1,
    );

    expect(pages).toEqual([[29_999]]);
  });

  it('walks in pages of which many hold nothing where finding takes long', async () => {
    // Each text is tried at every place, so that 60 ms are over before the last record on any machine.
    const long = 'ab'.repeat(15);
    await fill(
      'slow',
      numbered(6_000, (index) => ({ text: index === 5_999 ? `${long}c` : long })),
    );

    // Where the machine stands still, the walk may come to the end before the time for an index is over.
    const pages = await eventually(
      () => Array.fromAsync(pagesOf('slow', { filter: '{"text":{"$regex":"a.*b.*[cd]$"}}' })),
      ({ length }) => length > 1,
    );

    expect(pages.length).toBeGreaterThan(1);
    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual([5_999]);
  });

  it.each(
    ['x*x*y', 'x*xz?y', '^x*x*x*y', '^x*[xz]*y', 'x{0,49}x{0,19}x*y', '(?:x|xx)?x*(y|xy)$', 'x*(y|xy)$'].map((p, i) => [
      p,
      `tried-${i}`,
    ]),
  )(
    'tries %s wholly on texts as long as it looks at, and takes longer ones for none that match',
    async (pattern, place) => {
      const most = longestText(pattern, '') ?? 0;
      const texts = [0, 1, most - 2, most - 1].map((length) => `${'x'.repeat(length)}y`);
      const near = [
        `${'x'.repeat(most)}`,
        `${'x'.repeat(most - 2)}zy`,
        `y${'x'.repeat(most - 1)}`,
        `z${'x'.repeat(most - 2)}y`,
      ];
      const tooLong = [`${'x'.repeat(most)}y`, `${'x'.repeat(30_000)}y`, 'x'.repeat(100_000)].filter(
        ({ length }) => length > most,
      );
      await fill(
        place,
        [...texts, ...near, ...tooLong].map((text, _id) => ({ _id, text })),
      );

      const found = await idsOf(place, { filter: JSON.stringify({ text: { $regex: pattern } }) });

      const expected = [...texts, ...near].flatMap((text, _id) => (new RegExp(pattern).test(text) ? [_id] : []));
      expect(found).toEqual(expected);
      expect(found.length).toBeGreaterThan(3);
    },
  );

  it('is refused where MongoDB takes its pattern for none', async () => {
    await fill('patterns', [{ _id: 1, a: 'x' }]);

    const refusal = await refusalOf(ask('patterns', { filter: '{"a":{"$regex":"[[:none:]]"}}' }));

    expect(refusal).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'filter' }] });
    expect(await idsOf('patterns', { filter: '{"a":{"$regex":"X","$options":"i"}}' })).toEqual([1]);
  });

  it('names fields that a closed schema allows; who may not name a field is told no more than that', async () => {
    await fill('closed', [{ _id: 1, n: 1 }], closed);
    const authority = await system.bus.detailed(detailOf({ fields: ['n'] }));
    const scans: Scan[] = [{ filter: '{"m":1}' }, { sort: ['m'] }, { fields: ['n', 'm'] }];

    const paths = await Promise.all(
      scans.map(async (scan) => (await refusalOf(ask('closed', scan)))?.errors?.[0]?.path),
    );
    const codes = await Promise.all(scans.map((scan) => codeOf(ask('closed', scan, authority))));
    const typed = await codeOf(ask('closed', { filter: '{"at":"no date"}' }, authority));

    expect(paths).toEqual(['filter.m', 'sort.0', 'fields.1']);
    expect([...codes, typed]).toEqual(Array(4).fill('FIELD_NOT_ALLOWED'));
    expect(await idsOf('closed', { filter: '{"_id":1,"n":{"$gte":1}}' })).toEqual([1]);
  });
});

describe('an _id to go on behind', () => {
  it('is of any type, typed by the schema, and there no longer', async () => {
    const ids = [1, 5, 'a', 'b', new ObjectId('65f000000000000000000001'), true, new Date(5)];
    await fill(
      'ids',
      ids.map((_id, index) => ({ _id, index })),
    );
    const indexesBehind = async (afterId: string) =>
      plainly(await system.scan('ids', { afterId, maxBytes: 1 })).map(({ index }) => Number(index));

    expect(await indexesBehind('3')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await indexesBehind('"a"')).toEqual([3, 4, 5, 6]);
    expect(await indexesBehind('{"$oid":"65f000000000000000000001"}')).toEqual([5, 6]);
    for (const afterId of ['{', '{"$gt":1}', '{"$oid":"x"}'])
      expect(await codeOf(ask('ids', { afterId }))).toBe('CURSOR_INVALID');
  });

  it('is for who may see ids', async () => {
    const authority = await system.bus.limited({ fields: ['index'] });

    expect(await codeOf(ask('ids', { afterId: '1' }, authority))).toBe('FIELD_NOT_ALLOWED');
  });
});

describe('an order', () => {
  it('is kept over kills of the process, and gives what stays once, whatever is written meanwhile', async () => {
    const count = 12_000;
    const collection = await fill(
      'order',
      numbered(count, (index) => ({ n: (index * 7_919) % count })),
    );
    const pages = pagesOf('order', { sort: ['-n'], maxBytes: 100_000 });
    const seen: number[] = [];
    for (let page = 0; page < 3; page += 1) seen.push(...((await pages.next()).value ?? []));

    await service.end('SIGKILL');
    service = await system.startService();
    const gone = Array.from({ length: count }, (_, id) => id).filter((id) => !seen.includes(id) && id % 5 === 0);
    await collection.deleteMany({ _id: { $in: gone as never[] } });
    await collection.updateMany({ _id: { $in: seen as never[] } }, { $set: { n: -1 } });
    await collection.insertOne({ _id: count, n: -5 } as never);
    for await (const page of pages) seen.push(...page);

    const isGone = new Set(gone);
    const expected = numbered(count, (index) => ({ n: (index * 7_919) % count }))
      .sort((one, other) => other.n - one.n)
      .map(({ _id }) => _id)
      .filter((id) => !isGone.has(id));
    expect(seen).toEqual(expected);
  });

  it('holds large records, of which no reply holds all that it asked for', async () => {
    const small = numbered(300, (index) => ({ n: index, text: 'x' }));
    const large = Array.from({ length: 8 }, (_, index) => ({
      _id: 1_000 + index,
      n: 10 * index,
      text: 'x'.repeat(3e6),
    }));
    await fill('large', [...small, ...large]);

    const ids = await idsOf('large', { sort: ['n', '-_id'] });

    const inOrder = [...small, ...large].sort((one, other) => one.n - other.n || other._id - one._id);
    expect(ids).toEqual(inOrder.map(({ _id }) => _id));
  });

  it('is refused where it takes more memory than MongoDB gives it, unless an index or a limit helps', async () => {
    const records = numbered(30, (index) => ({ n: 30 - index, text: 'x'.repeat(4e6) }));
    const collection = await fill('huge', records);

    expect(await codeOf(ask('huge', { sort: ['n'] }))).toBe('SORT_TOO_LARGE');
    expect(await idsOf('huge', { sort: ['n'], limit: 2, fields: ['_id'] })).toEqual([29, 28]);
    await collection.createIndex({ n: 1 });
    expect((await idsOf('huge', { sort: ['n'], fields: ['_id'] })).length).toBe(30);
  });

  it('is refused by name where two fields hold lists', async () => {
    await fill('lists', [{ _id: 1, a: [1, 2], b: [3, 4] }]);

    const refusal = await refusalOf(ask('lists', { sort: ['a', 'b'] }));

    expect(refusal).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'sort' }] });
  });

  it('cannot be gone on with in another order, nor by a cursor of none', async () => {
    await fill(
      'orders',
      numbered(10, (index) => ({ n: index })),
    );
    const { next } = await askInTime('orders', { sort: ['n'], maxBytes: 1 });
    const plain = await ask('orders', { maxBytes: 1 });

    expect(await codeOf(ask('orders', { sort: ['-n'], cursor: next }))).toBe('SORT_EXPIRED');
    expect(await codeOf(ask('orders', { cursor: next }))).toBe('CURSOR_INVALID');
    expect(await codeOf(ask('orders', { sort: ['n'], cursor: plain.next }))).toBe('CURSOR_INVALID');
    await system.database.collection('orders').deleteMany({});
    expect(await codeOf(ask('orders', { sort: ['n'], cursor: next }))).toBe('SORT_EXPIRED');
  });

  it('leaves nothing behind where a page is all of it', async () => {
    await fill(
      'few',
      numbered(10, (index) => ({ n: index })),
    );
    await system.database.collection('orders').deleteMany({});

    await idsOf('few', { sort: ['-n'] });

    expect(await system.database.collection('orders').countDocuments()).toBe(0);
  });
});
