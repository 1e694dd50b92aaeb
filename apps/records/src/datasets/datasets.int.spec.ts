import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteDataset, getDataset, listDatasets, putDataset } from '@keyport/contracts';
import { detailOf } from '../harness/bus-client.ts';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(2);
});

afterAll(() => system.stop());

const put = async (name: string, definition: object, ...scopes: string[]) =>
  system.bus.ask('gateway', putDataset, { name, ...definition }, { authority: await system.bus.caller(...scopes) });

describe('a dataset', () => {
  it('is created, read and changed as it was put', async () => {
    const schema = {
      type: 'object',
      properties: { price: { $ref: '#/$defs/money' } },
      $defs: { money: { type: 'number' } },
    };

    const created = await put('orders', { schema, key: ['orderId'] }, 'datasets:create:orders');
    const changed = await put('orders', { schema: null }, 'datasets:update:orders');

    expect(created).toMatchObject({ created: true, dataset: { name: 'orders', schema, key: ['orderId'], count: 0 } });
    expect(changed).toMatchObject({ created: false, dataset: { schema: null, key: ['orderId'] } });
    expect(await system.describe('orders')).toEqual(changed.dataset);
  });

  it('is made once by callers who put it at the same moment', async () => {
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => put('together', { key: ['a'] }, 'datasets:create:*')),
    );

    expect(replies.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(replies.map(({ dataset }) => dataset.createdAt)).size).toBe(1);
  });

  it('counts its records', async () => {
    await system.dataset('counted');
    await system.write('counted', [{ _id: 1 }, { _id: 2 }]);

    expect((await system.describe('counted')).count).toBe(2);
  });

  it('refuses another key while it holds records, and takes it once they are gone', async () => {
    await system.dataset('keyed', { key: ['a'] });
    await system.write('keyed', [{ _id: 1, a: 1, b: 1 }]);
    const change = () => put('keyed', { key: ['b'] }, 'datasets:update:keyed');

    await expect(change()).rejects.toMatchObject({ code: 'DATASET_KEY_FIXED' });
    await (await system.collectionOf('keyed')).deleteMany({});
    const { dataset } = await change();
    const written = await system.write('keyed', [
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 1, b: 2 },
      { _id: 3, a: 2, b: 2 },
    ]);

    expect(dataset.key).toEqual(['b']);
    expect(written).toMatchObject({ inserted: 2, rejected: [{ index: 2, code: 'DUPLICATE_KEY', path: 'b' }] });
  });

  it('comes out of changes of key at the same moment with the index of the key that it says', async () => {
    const name = await system.dataset('torn', { key: ['a'] });

    const codes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        put(name, { key: [`k${index}`] }, 'datasets:update:*').then(
          () => 'done',
          (error: unknown) => (error as { code: string }).code,
        ),
      ),
    );

    const { key } = await system.describe(name);
    const [, index] = await (await system.collectionOf(name)).indexes();
    expect(codes).toContain('done');
    expect(codes.filter((code) => !['done', 'WRITE_CONFLICT', 'DATASET_KEY_FIXED'].includes(code))).toEqual([]);
    expect(Object.keys(index?.key ?? {})).toEqual(key);
  });

  it('keeps its id through every change, and another of its name has another', async () => {
    await system.dataset('identified');
    const { id } = await system.describe('identified');
    await put('identified', { schema: {}, key: ['a'] }, 'datasets:update:*');
    const changed = await system.describe('identified');

    await system.remove('identified');
    await system.dataset('identified');

    expect(changed.id).toBe(id);
    expect((await system.describe('identified')).id).not.toBe(id);
  });

  it('loses no record to a change of key at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = await system.dataset(`contested-${round}`, { key: ['a'] });
      const chunks = [0, 1, 2, 3].map((chunk) =>
        system.write(
          name,
          [{ _id: chunk, a: chunk, b: chunk }],
          { source: name, sequence: chunk },
          { retryForMs: 50_000 },
        ),
      );

      const change = put(name, { key: ['b'] }, 'datasets:update:*').catch((error: unknown) => error);
      const replies = await Promise.all(chunks);
      await change;

      expect(replies.map(({ inserted }) => inserted)).toEqual([1, 1, 1, 1]);
      expect(await system.scan(name)).toHaveLength(4);
    }
  });

  it('shows nothing of an earlier one of the same name', async () => {
    await system.dataset('again', { key: ['a'] });
    await system.write('again', [{ _id: 1, a: 1 }]);
    const collection = await system.collectionOf('again');

    await system.remove('again');
    await expect(system.write('again', [{ _id: 2, a: 2 }])).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await expect(system.scan('again')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await system.dataset('again');

    expect(await system.scan('again')).toEqual([]);
    expect(await system.database.db?.listCollections({ name: collection.collectionName }).toArray()).toEqual([]);
    await expect(system.remove('never')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });

  it('is refused with a schema or a key that cannot be used', async () => {
    await expect(put('wrong', { schema: { type: 'objekt' } }, '*')).rejects.toMatchObject({ code: 'SCHEMA_INVALID' });
    await expect(put('wrong', { key: ['a', 'a'] }, '*')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(system.describe('wrong')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});

describe('rights on datasets', () => {
  it('let who may only create make it, and repeat that, but not change it', async () => {
    const create = 'datasets:create:made';

    expect(await put('made', { key: ['a'] }, create)).toMatchObject({ created: true });
    expect(await put('made', { key: ['a'] }, create)).toMatchObject({ created: false });
    await expect(put('made', { schema: {} }, create)).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
  });

  it('let who may only change an existing one not make another', async () => {
    await expect(put('unmade', {}, 'datasets:update:*')).rejects.toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
      params: { scope: 'datasets:create:unmade' },
    });
  });

  it('are asked for before anything is told', async () => {
    const authority = await system.bus.caller('datasets:read:other', 'records:update:*');

    for (const name of ['made', 'nowhere']) {
      const refused = { status: 'rejected', reason: { code: 'INSUFFICIENT_SCOPE' } };
      const asked = Promise.allSettled([
        system.bus.ask('gateway', getDataset, { name }, { authority }),
        system.bus.ask('gateway', deleteDataset, { name }, { authority }),
        put(name, {}, 'datasets:read:*'),
      ]);
      expect(await asked).toMatchObject([refused, refused, refused]);
    }
  });
});

describe('rights on some rows or fields of a dataset', () => {
  it.each([{ filter: { a: 1 } }, { fields: ['a'] }])('narrowed to %j neither change nor delete it', async (limit) => {
    const schema = { type: 'object' };
    await put('partly', { schema }, '*');
    const authority = await system.bus.detailed(detailOf(limit, ['datasets:*', 'records:*']));
    const refused = { code: 'INSUFFICIENT_SCOPE', errors: [{ path: 'authorization_details' }] };

    const changed = system.bus.ask('gateway', putDataset, { name: 'partly', schema: null }, { authority });
    await expect(changed).rejects.toMatchObject(refused);
    const deleted = system.bus.ask('gateway', deleteDataset, { name: 'partly' }, { authority });
    await expect(deleted).rejects.toMatchObject(refused);

    expect(await system.describe('partly')).toMatchObject({ schema });
  });

  it('do, where another detail gives the whole of it', async () => {
    await put('wholly', {}, '*');
    const authority = await system.bus.detailed(detailOf({ filter: { a: 1 } }), detailOf({}, ['datasets:delete']));

    await system.bus.ask('gateway', deleteDataset, { name: 'wholly' }, { authority });

    const asked = system.bus.ask('gateway', getDataset, { name: 'wholly' });
    await expect(asked).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});

describe('the list of datasets', () => {
  it('gives only readable ones, page after page', async () => {
    for (const name of ['list-c', 'list-a', 'list-d', 'list-b', 'other-a']) await system.dataset(name);
    const authority = await system.bus.caller('datasets:read:list-*');

    const first = await system.bus.ask('gateway', listDatasets, { limit: 3 }, { authority });
    const second = await system.bus.ask('gateway', listDatasets, { limit: 3, cursor: first.next ?? '' }, { authority });

    expect(first.items.map(({ name }) => name)).toEqual(['list-a', 'list-b', 'list-c']);
    expect(second.items.map(({ name }) => name)).toEqual(['list-d']);
    expect(second.next).toBeNull();
  });

  it('ends a page where its schemas are too large for one message, and goes on behind it', async () => {
    const schema = { description: 'x'.repeat(200_000) };
    const names = Array.from('abcdefghijkl', (letter) => `wide-${letter}`);
    for (const name of names) await system.dataset(name, { schema });
    const authority = await system.bus.caller('datasets:read:wide-*');

    const pages: string[][] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const asked = { limit: 1000, ...(cursor && { cursor }) };
      const { items, next } = await system.bus.ask('gateway', listDatasets, asked, { authority });
      pages.push(items.map(({ name }) => name));
      cursor = next;
    }

    expect(pages.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(pages.flat()).toEqual(names);
  });

  it('is empty for who may read none, and refuses a cursor that is none', async () => {
    const none = await system.bus.caller('records:read:*');
    const request = { cursor: 'no cursor' };

    expect(await system.bus.ask('gateway', listDatasets, {}, { authority: none })).toEqual({ items: [], next: null });
    await expect(system.bus.ask('gateway', listDatasets, request)).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
  });
});
