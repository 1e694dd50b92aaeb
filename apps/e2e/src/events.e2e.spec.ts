import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  datasetChanged,
  datasetCreated,
  datasetDeleted,
  exportCompleted,
  importCompleted,
  importUndone,
  keyChanged,
  keyCreated,
  keyRevoked,
  keyRotated,
  recordsChanged,
} from '@keyport/contracts';
import { eventually, TestStack, type KeyportClient } from '@keyport/testing';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { toldEvents, type ToldEvent } from './drills/told-events.ts';

describe('Events', () => {
  let stack: TestStack;
  let client: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
  });

  afterAll(async () => {
    await stack?.stop();
  });

  /** Events that tell of something, once so many of them are told. */
  async function toldOf(subject: string, count: number): Promise<ToldEvent[]> {
    const natsUrl = (await stack.describe()).natsUrls['admin-auth'];
    const find = async () => (await toldEvents(natsUrl)).filter((event) => event.subject === subject);
    return eventually(find, (found) => found.length >= count);
  }

  it('tell what became of an import, of its records and of its undo', async () => {
    const { id: datasetId } = await client.putDataset('told');
    const ended = await client.imported('told', 'application/x-ndjson', '{"a":1}\n{"a":');
    await client.ok(`/v1/imports/${ended.id}/undo`, { method: 'POST' });

    const [completed, undone] = await toldOf(ended.id, 2);

    const job = { importId: ended.id, dataset: 'told', datasetId };
    const attributes = { specversion: '1.0', source: '/keyport/import', datacontenttype: 'application/json' };
    expect(completed).toMatchObject({
      ...attributes,
      type: importCompleted.type,
      data: { ...job, counts: ended.counts },
    });
    expect(undone).toMatchObject({ ...attributes, type: importUndone.type, data: { ...job, removed: 1, left: 0 } });
    // Two changes within a second are told as one.
    const sums = async () => {
      const changes = (await toldOf('told', 2)).filter(({ type }) => type === recordsChanged.type);
      return ['inserted', 'deleted'].map((name) => changes.reduce((sum, { data }) => sum + Number(data[name]), 0));
    };
    expect(await eventually(sums, ([, deleted]) => deleted !== 0)).toEqual([1, 1]);
  });

  it('tell of each end of an export', async () => {
    await client.putDataset('told-of');
    const done = await client.exported('told-of', { format: 'csv', fields: ['a'] });

    const [completed] = await toldOf(done.id, 1);

    expect(completed).toMatchObject({
      ...{ type: exportCompleted.type, source: '/keyport/export' },
      data: { exportId: done.id, dataset: 'told-of', format: 'csv', bytes: done.bytes, digest: done.digest },
    });
  });

  it('tell the life of a dataset in its order, also of one made anew under the same name', async () => {
    const first = await client.putDataset('short-lived');
    await client.putDataset('short-lived', { schema: { type: 'object' } });
    await client.request('/v1/datasets/short-lived', { method: 'DELETE' });
    const second = await client.putDataset('short-lived', { key: ['k'] });

    const events = await toldOf('short-lived', 4);

    expect(events.map(({ type, data }) => [type, data['datasetId']])).toEqual([
      [datasetCreated.type, first.id],
      [datasetChanged.type, first.id],
      [datasetDeleted.type, first.id],
      [datasetCreated.type, second.id],
    ]);
    expect(events[1]?.data['changed']).toEqual(['schema']);
  });

  it('tell the life of a key in its order, and never its token', async () => {
    const key = await client.minted('records:read:told', 'records:read:told-of');
    const path = `/v1/keys/${key.keyId}`;
    await client.ok(path, { method: 'PATCH', json: { scopes: ['records:read:told'] } });
    const rotated = await client.ok<{ token: string }>(`${path}/rotate`, { method: 'POST', json: {} });
    await client.request(path, { method: 'DELETE' });

    const events = await toldOf(key.keyId, 4);

    expect(events.map(({ type }) => type)).toEqual(
      [keyCreated, keyChanged, keyRotated, keyRevoked].map(({ type }) => type),
    );
    expect(events[1]?.data).toMatchObject({ changed: ['scopes'], scopes: ['records:read:told'] });
    for (const token of [key.token, rotated.token]) expect(JSON.stringify(events)).not.toContain(token);
  });

  it('are what docs/asyncapi.yaml says', async () => {
    const { components } = parse(await readFile(new URL('../../../docs/asyncapi.yaml', import.meta.url), 'utf8')) as {
      components: { messages: Record<string, { name: string; payload: object }>; schemas: object };
    };
    const natsUrl = (await stack.describe()).natsUrls['admin-auth'];
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validators = new Map(
      Object.values(components.messages).map(({ name, payload }) => [name, ajv.compile({ ...payload, components })]),
    );

    const events = await toldEvents(natsUrl);
    const faults = events.flatMap((event) => {
      const validate = validators.get(event.type);
      return validate?.(event) ? [] : [{ event, errors: validate?.errors }];
    });

    expect(events.length).toBeGreaterThan(10);
    expect(faults).toEqual([]);
  });
});
