import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listLeft, undoImport, type Import, type LeftRecord } from '@keyport/contracts';
import { codeOf, eventually, type ServiceProcess } from '@keyport/testing';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { ndjson } from '../harness/rows.ts';

const settings = { KEYPORT_IMPORT_LEASE_SECONDS: '2', KEYPORT_IMPORT_ANSWER_SECONDS: '2' };

let system: ImportSystem;
let service: ServiceProcess;

beforeAll(async () => {
  system = await ImportSystem.start();
  service = await system.startImport(settings);
});

afterAll(() => system.stop());

const undo = (importId: string, who = owner) => system.ask(undoImport, { importId }, who);

const undone = (importId: string): Promise<Import> =>
  eventually(
    () => system.get(importId),
    (found) => found.undo !== undefined && found.undo.state !== 'running',
  );

async function left(importId: string): Promise<LeftRecord[]> {
  const items: LeftRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await system.ask(listLeft, { importId, cursor, limit: 2 });
    items.push(...page.items);
    if (page.next === null) return items;
    cursor = page.next;
  }
}

describe('the undo of an import', () => {
  it('removes exactly what it inserted and nobody changed since, and names the rest', async () => {
    const dataset = await system.dataset();
    await system.imported(dataset, ndjson(10, { from: 90_000 }));
    const { id } = await system.imported(dataset, ndjson(3_500));
    const records = await system.collection(dataset);
    await records.updateMany({ n: { $in: [0, 1_700, 3_499] } }, { $set: { text: 'changed' } });
    await records.deleteOne({ n: 5 });
    const changed = await records.find({ text: 'changed' }).sort({ n: 1 }).toArray();

    await undo(id);
    const ended = await undone(id);

    expect(ended).toMatchObject({
      ...{ state: 'completed', counts: { inserted: 3_500 } },
      undo: { state: 'completed', removed: 3_496, left: 3, gone: 1 },
    });
    expect(await left(id)).toEqual(changed.map(({ _id }) => ({ id: String(_id), reason: 'CHANGED' })));
    expect(await records.distinct('n')).toEqual([0, 1_700, 3_499, ...Array.from({ length: 10 }, (_, n) => 90_000 + n)]);
  });

  it('answers the same when it is asked again, and leaves what came since', async () => {
    const dataset = await system.dataset({ key: ['n'] });
    const { id } = await system.imported(dataset, ndjson(20));
    await undo(id);
    const first = await undone(id);
    await system.imported(dataset, ndjson(20));

    await undo(id);

    expect(await undone(id)).toEqual(first);
    expect(await system.count(dataset)).toBe(20);
  });

  it('takes back the inserts of an upsert, and not its updates', async () => {
    const dataset = await system.dataset({ key: ['n'] });
    await system.imported(dataset, ndjson(10));
    const { id, counts } = await system.imported(dataset, ndjson(30, { width: 3 }), { options: { mode: 'upsert' } });
    expect(counts).toMatchObject({ inserted: 20, updated: 10 });

    await undo(id);

    expect((await undone(id)).undo).toMatchObject({ removed: 20, left: 0, gone: 0 });
    expect(await (await system.collection(dataset)).countDocuments({ text: 'xxx' })).toBe(10);
  });

  it('loses and doubles nothing when every service that works on it is killed on the way', async () => {
    const dataset = await system.dataset();
    const { id } = await system.imported(dataset, ndjson(30_000, { width: 10 }));
    const records = await system.collection(dataset);
    await records.updateMany({ n: { $mod: [1_000, 7] } }, { $set: { text: 'changed' } });

    await undo(id);
    const removedSome = (bound: number) =>
      eventually(
        () => records.countDocuments(),
        (count) => count < bound,
      );
    await removedSome(30_000);
    await system.restartRecords();
    await removedSome(25_000);
    await service.end('SIGKILL');
    service = await system.startImport(settings);

    expect((await undone(id)).undo).toMatchObject({ state: 'completed', removed: 29_970, left: 30, gone: 0 });
    expect(await records.countDocuments()).toBe(30);
    expect(await left(id)).toHaveLength(30);
  });

  it('is for who may end the import and delete records, and for imports that have ended', async () => {
    const dataset = await system.dataset();
    const { id } = await system.imported(dataset, ndjson(3));
    const holding = (...scopes: string[]) => ({
      sub: 'another',
      scope: scopes.map((one) => `${one}:${dataset}`).join(' '),
    });
    const running = await system.create(dataset);

    expect(await codeOf(undo(id, holding('records:delete')))).toBe('IMPORT_NOT_FOUND');
    expect(await codeOf(undo(id, holding('imports:read', 'records:delete')))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(undo(id, holding('imports:update')))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(undo(running))).toBe('IMPORT_STATE');
    expect(await system.count(dataset)).toBe(3);
    await undo(id, holding('imports:update', 'records:delete'));
    expect((await undone(id)).undo).toMatchObject({ removed: 3 });
  });

  it('says that it cannot once what was inserted is forgotten, and goes on where that comes back', async () => {
    const dataset = await system.dataset();
    const { id } = await system.imported(dataset, ndjson(3));
    const ledger = system.mongodb.db('records').collection('ledger');
    const entry = await ledger.findOneAndDelete({ _id: `${id}:0` as never });
    await undo(id);
    expect((await undone(id)).undo).toMatchObject({ state: 'failed', removed: 0, error: { code: 'UNDO_EXPIRED' } });

    if (entry) await ledger.insertOne(entry);
    await undo(id);

    expect((await undone(id)).undo).toMatchObject({ state: 'completed', removed: 3 });
    const old = new Date(Date.now() - 31 * 24 * 3600 * 1000);
    const later = await system.imported(dataset, ndjson(3));
    const imports = system.mongodb.db('import').collection('imports');
    await imports.updateOne({ _id: later.id as never }, { $set: { createdAt: old } });
    expect(await codeOf(undo(later.id))).toBe('UNDO_EXPIRED');
    expect(await system.count(dataset)).toBe(3);
  });
});
