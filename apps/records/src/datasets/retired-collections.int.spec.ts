import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordsSystem } from '../harness/records-system.ts';
import { RetiredCollections } from './retired-collections.repository.ts';

let system: RecordsSystem;
let retired: RetiredCollections;

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  retired = new RetiredCollections(system.database);
});

afterAll(() => system.stop());

const names = async () => (await system.database.db?.listCollections().toArray())?.map(({ name }) => name) ?? [];

describe('retired collections', () => {
  it('are dropped again once no transaction can write to them any more, and then forgotten', async () => {
    await system.database.createCollection('old');
    await system.database.createCollection('kept');
    await retired.add('old');
    await retired.drop('old');
    // As a transaction does that saw the dataset before it was deleted.
    await system.database.createCollection('old');

    await retired.sweep();
    const before = await names();
    await retired.sweep(Date.now() + 121_000);
    const after = await names();

    expect(before).toContain('old');
    expect(after).not.toContain('old');
    expect(after).toContain('kept');
    expect(await system.database.db?.collection('retiredCollections').countDocuments()).toBe(0);
  });

  it('may be dropped where there is nothing to drop', async () => {
    await retired.add('gone');

    await retired.drop('gone');
    await retired.sweep(Date.now() + 121_000);

    expect(await system.database.db?.collection('retiredCollections').countDocuments()).toBe(0);
  });
});
