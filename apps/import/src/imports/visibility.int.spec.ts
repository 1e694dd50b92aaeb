import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cancelImport, getImport, listImports, listRejects } from '@keyport/contracts';
import { codeOf, type Who } from '@keyport/testing';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

describe('who may do what', () => {
  it('needs imports:create, and records:update for an upsert, and nothing else', async () => {
    const name = await system.dataset();
    const writer = { sub: 'ann', scope: `imports:create:${name}` };
    const reader = { sub: 'bob', scope: `records:create:${name} imports:read:${name}` };

    expect(await codeOf(system.create(name, {}, reader))).toBe('INSUFFICIENT_SCOPE');
    expect(await codeOf(system.create(name, { options: { mode: 'upsert' } }, writer))).toBe('INSUFFICIENT_SCOPE');
    const importId = await system.create(name, {}, writer);
    await system.publish(importId, ndjson(3));
    await system.gateway.requester.request(
      sealUpload,
      { importId, epoch: 1, length: ndjson(3).length },
      { authority: writer },
    );
    expect((await system.ended(importId)).counts).toEqual(counts({ read: 3, inserted: 3 }));
  });

  it('answers for a dataset that is not there', async () => {
    expect(await codeOf(system.create('nowhere'))).toBe('DATASET_NOT_FOUND');
  });

  it('shows an import to its creator and to readers of its dataset, and hides it from all others', async () => {
    const name = await system.dataset();
    const ann = { sub: 'ann', scope: `imports:create:${name}` };
    const importId = await system.create(name, {}, ann);
    const { requester } = system.gateway;
    const see = async (authority: string) => [
      await codeOf(requester.request(getImport, { importId }, { authority })),
      await codeOf(requester.request(listRejects, { importId }, { authority })),
      (await requester.request(listImports, { dataset: name }, { authority })).items.length,
    ];

    expect(await see(ann)).toEqual(['none', 'none', 1]);
    expect(await see({ sub: 'bob', scope: 'imports:read:set-*' })).toEqual(['none', 'none', 1]);
    const eve = { sub: 'eve', scope: 'imports:create:* imports:read:other' };
    expect(await see(eve)).toEqual(['IMPORT_NOT_FOUND', 'IMPORT_NOT_FOUND', 0]);
    expect(await codeOf(requester.request(cancelImport, { importId }, { authority: eve }))).toBe('IMPORT_NOT_FOUND');
  });

  it('lists newest first, page by page', async () => {
    const name = await system.dataset();
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push(await system.create(name));
    const list = (cursor?: string) =>
      system.gateway.requester.request(listImports, { dataset: name, limit: 2, cursor }, { authority });

    const first = await list();
    const second = await list(first.next ?? '');
    const third = await list(second.next ?? '');

    const ids = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id));
    expect([...ids].sort()).toEqual([...made].sort());
    expect(ids).toEqual([...ids].sort().reverse());
    expect(third.next).toBeNull();
    expect(await codeOf(list('x.y'))).toBe('CURSOR_INVALID');
  });
});
