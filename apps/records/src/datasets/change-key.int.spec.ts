import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClientSession } from 'mongoose';
import { ChangeHistories } from '../changes/change-histories.repository.ts';
import { RecordsSystem } from '../harness/records-system.ts';
import { Places } from '../sources/places.service.ts';
import { Sources } from '../sources/sources.service.ts';
import type { DatasetDefinition } from './dataset.model.ts';
import { DatasetRepository } from './dataset.repository.ts';
import { RetiredCollections } from './retired-collections.repository.ts';

let system: RecordsSystem;
let datasets: DatasetRepository;

beforeAll(async () => {
  system = await RecordsSystem.start();
  await system.letTransactionsLive(600);
  const sources = new Sources({ addresses: {}, ledgerDatabase: 'keyport_ledger' }, system.database, 1);
  const places = new Places(system.database, sources);
  const retired = new RetiredCollections(system.database);
  const histories = new ChangeHistories(system.database, retired);
  datasets = new DatasetRepository(system.database, retired, places, sources, histories);
});

afterAll(() => system.stop());

/** A dataset that has been written to and is empty again, and a writer's transaction that has seen it so. */
async function emptied(name: string): Promise<{ definition: DatasetDefinition; session: ClientSession }> {
  await system.dataset(name, { key: ['a'] });
  await system.write(name, [{ _id: 1, a: 1 }]);
  await (await system.collectionOf(name)).deleteMany({});
  const definition = await datasets.find(name);
  const session = await system.database.startSession();
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority' } });
  expect(await datasets.findIn(session, name)).toMatchObject({ written: true });
  if (!definition) throw new Error(`no dataset ${name}`);
  return { definition, session };
}

describe('a change of key, before it looks for records', () => {
  it('waits for writers that began before, whether they have written or have yet to', async () => {
    for (const hasWritten of [true, false]) {
      const { definition, session } = await emptied(hasWritten ? 'has-written' : 'yet-to-write');
      const write = () => system.database.db?.collection(definition.collectionName).insertOne({ a: 2 }, { session });
      if (hasWritten) await write();

      let isOver = false;
      const waiting = datasets.makeUnwritten(definition).then(() => (isOver = true));
      await system.describe(definition._id);
      const wasOver = isOver;
      if (!hasWritten) await write();
      await session.commitTransaction();
      await waiting;

      await session.endSession();
      expect(wasOver).toBe(false);
      expect(await datasets.holdsRecords(definition)).toBe(true);
    }
  });

  it('gives way to a writer that says meanwhile that it writes', async () => {
    const { definition, session } = await emptied('meanwhile');
    await session.abortTransaction();

    await datasets.makeUnwritten(definition);
    await system.write('meanwhile', [{ _id: 2, a: 2 }]);
    const changed = await datasets.changeKey(definition, { key: ['b'], schemaText: null });

    await session.endSession();
    expect(changed).toBe(false);
    expect(await system.describe('meanwhile')).toMatchObject({ key: ['a'], count: 1 });
  });
});
