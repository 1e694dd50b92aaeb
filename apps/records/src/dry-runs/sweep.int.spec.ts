import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChangeHistories } from '../changes/change-histories.repository.ts';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import { RetiredCollections } from '../datasets/retired-collections.repository.ts';
import { RecordsSystem } from '../harness/records-system.ts';
import { Places } from '../sources/places.service.ts';
import { Sources } from '../sources/sources.service.ts';
import { dryRunModel } from './dry-run.model.ts';
import { DryRuns } from './dry-runs.repository.ts';

let system: RecordsSystem;
let dryRuns: DryRuns;

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  const { database } = system;
  const sources = new Sources({ addresses: {}, ledgerDatabase: 'keyport_ledger' }, database, 1);
  const places = new Places(database, sources);
  const retired = new RetiredCollections(database);
  const histories = new ChangeHistories(database, retired);
  dryRuns = new DryRuns(database, new DatasetRepository(database, retired, places, sources, histories), places);
});

afterAll(() => system.stop());

const held = async () =>
  (await system.database.db?.listCollections({ name: /^dry_/ }).toArray())?.map(({ name }) => name).sort();

describe('what dry runs remember', () => {
  it('is dropped two days after the last chunk, whatever source is away', async () => {
    const now = Date.now();
    const noted = { 'dry_aa@removed': 49, dry_ab: 49, dry_ac: 47 };
    for (const [_id, hours] of Object.entries(noted)) {
      await dryRunModel(system.database).create({ _id, source: 'a', usedAt: new Date(now - hours * 3_600_000) });
    }
    // The last one was made anew by a chunk that came too late.
    for (const name of ['dry_ab', 'dry_ac', 'dry_ad']) await system.database.createCollection(name);

    await dryRuns.sweep(now);

    expect(await held()).toEqual(['dry_ac']);
    const left = await dryRunModel(system.database).find().sort({ _id: 1 }).lean();
    expect(left.map(({ _id }) => _id)).toEqual(['dry_aa@removed', 'dry_ac']);
  });
});
