import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Import, LeftRecord } from '@keyport/contracts';
import { eventually, TestStack } from '@keyport/testing';

describe('The undo of an import', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  it('removes what the import inserted and nobody changed, says what it left, and is in the audit', async () => {
    const { client } = stack;
    await client.putDataset('undone');
    const rows = ['a', 'b', 'c'].map((_id) => `${JSON.stringify({ _id, v: 1 })}\n`).join('');
    const wait = { prefer: 'wait=30' };
    const { body } = await client.import('undone', 'application/x-ndjson', rows, '', wait);
    await client.ok('/v1/datasets/undone/records/b', { method: 'PUT', json: { _id: 'b', v: 2 } });

    const asked = await client.request<Import>(`/v1/imports/${body.id}/undo`, { method: 'POST' });
    const undone = await eventually(
      () => client.ok<Import>(`/v1/imports/${body.id}`),
      ({ undo }) => undo?.state !== 'running',
    );
    const left = await client.ok<{ items: LeftRecord[] }>(`/v1/imports/${body.id}/undo/left`);
    const again = await client.request<Import>(`/v1/imports/${body.id}/undo`, { method: 'POST' });

    expect(asked.status).toBe(202);
    expect(undone).toMatchObject({
      counts: { inserted: 3 },
      undo: { state: 'completed', removed: 2, left: 1, gone: 0 },
    });
    expect(left.items).toEqual([{ id: 'b', reason: 'CHANGED' }]);
    expect(again.body).toEqual(undone);
    expect(await client.records('undone')).toEqual([{ _id: 'b', v: 2 }]);
    const wanted = ['undo.undo', 'undo.left'];
    const audited = await eventually(
      async () => (await client.ok<{ items: { action: string }[] }>('/v1/audit')).items.map(({ action }) => action),
      (actions) => wanted.every((action) => actions.includes(action)),
    );
    expect(audited).toEqual(expect.arrayContaining(wanted));
  });
});
