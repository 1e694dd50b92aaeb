import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxSampleBytes, type Import, type InferredSchema, type Preview, type SchemaCheck } from '@keyport/contracts';
import { TestStack } from '@keyport/testing';

describe('A file that is only tried', () => {
  let stack: TestStack;

  beforeAll(async () => {
    stack = await TestStack.start();
  });

  afterAll(() => stack?.stop());

  it('gets a schema proposed, is previewed, runs dry, and is imported with the same counts', async () => {
    const { client } = stack;
    const rows = Array.from({ length: 50_000 }, (_, n) => `${n % 49_000},${'x'.repeat(40)}\n`).join('');
    const file = `n,text\n${rows}`;
    const headers = { 'content-type': 'text/csv' };
    const send = { method: 'POST', headers, body: file };
    const wait = { prefer: 'wait=60' };

    const inferred = await client.ok<InferredSchema>('/v1/datasets/tried/infer', send);
    await client.ok('/v1/datasets/tried', { method: 'PUT', json: { key: ['n'], schema: inferred.schema } });
    const shown = await client.ok<Preview>('/v1/datasets/tried/imports/preview', send);
    const tried = await client.import('tried', 'text/csv', file, '?dryRun=true', wait);
    const before = await client.records('tried');
    const done = await client.import('tried', 'text/csv', file, '', wait);

    expect(file.length).toBeGreaterThan(maxSampleBytes);
    expect(inferred).toMatchObject({ schema: { properties: { n: { type: 'integer' } } }, sample: { complete: false } });
    expect(shown.rows[0]).toEqual({ n: { $numberInt: '0' }, text: 'x'.repeat(40) });
    expect(before).toEqual([]);
    expect(tried.body).toMatchObject({ state: 'completed', dryRun: true } satisfies Partial<Import>);
    expect(tried.body.counts).toMatchObject({ read: 50_000, inserted: 49_000, rejected: 1000 });
    expect(done.body.counts).toEqual(tried.body.counts);
    const schema = { properties: { n: { maximum: 48_989 } } };
    const check = await client.ok<SchemaCheck>('/v1/datasets/tried/schema/check', { method: 'POST', json: { schema } });
    expect(check).toMatchObject({ checked: 49_000, failing: 10, complete: true });
  });
});
