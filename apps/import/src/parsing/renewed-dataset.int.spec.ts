import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deleteDataset, putDataset } from '@keyport/contracts';
import { eventually } from '@keyport/testing';
import { ImportSystem } from '../harness/import-system.ts';
import { ndjson } from '../harness/rows.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

describe('an import whose dataset is deleted and made anew while it runs', () => {
  it('fails, and writes nothing into the new one', async () => {
    const name = await system.dataset();
    const [first, second] = [ndjson(10_000), ndjson(10_000, { from: 10_000 })];
    const importId = await system.create(name);
    await system.publish(importId, first);
    await eventually(
      () => system.get(importId),
      ({ counts }) => counts.inserted > 0,
    );

    await system.ask(deleteDataset, { name });
    await system.ask(putDataset, { name });
    await system.publish(importId, second, { offset: first.length });
    await system.seal(importId, first.length + second.length);

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'DATASET_NOT_FOUND' } });
    expect(await system.count(name)).toBe(0);
  });

  it('fails also where it had not begun to write', async () => {
    const name = await system.dataset();
    const importId = await system.create(name);
    const rows = ndjson(10);

    await system.ask(deleteDataset, { name });
    await system.ask(putDataset, { name });
    await system.publish(importId, rows);
    await system.seal(importId, rows.length);

    expect(await system.ended(importId)).toMatchObject({ state: 'failed', error: { code: 'DATASET_NOT_FOUND' } });
    expect(await system.count(name)).toBe(0);
  });
});
