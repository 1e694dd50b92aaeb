import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type DeadLetter, type WholeDeadLetter } from '@keyport/contracts';
import { TestStack, until, type KeyportClient } from '@keyport/testing';
import { BusPublisher, eventText } from './bus-publisher.ts';

describe('Published events', () => {
  let stack: TestStack;
  let client: KeyportClient;
  let publisher: BusPublisher;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
    publisher = await BusPublisher.on(stack);
  });

  afterAll(async () => {
    await publisher?.close();
    await stack?.stop();
  });

  it('become records when an internal service publishes them, once each, alone or together', async () => {
    await client.putDataset('ingested', { key: ['sku'] });
    const first = eventText({ subject: 'a-1', data: { sku: 'a-1', n: 1 } });

    await publisher.one('ingested', first);
    await publisher.batch('ingested', [
      eventText({ data: { sku: 'a-2', n: 2 } }),
      eventText({ data: { sku: 'a-3', n: 2 } }),
      eventText({ type: 'keyport.record.deleted', subject: 'a-3' }),
      eventText({ data: { sku: 'a-1', n: 3 } }),
    ]);
    await publisher.one('ingested', first);
    await publisher.nothingPending();

    const records = await client.records('ingested', '?fields=sku,n');
    expect(records).toEqual(
      expect.arrayContaining([
        { sku: 'a-1', n: 3 },
        { sku: 'a-2', n: 2 },
      ]),
    );
    expect(records).toHaveLength(2);
  });

  it('that cannot be written are listed, replayed and discarded over HTTP', async () => {
    await client.putDataset('guarded', { key: ['sku'] });
    const schema = { properties: { n: { type: 'integer' } } };
    await client.ok('/v1/datasets/guarded', { method: 'PATCH', json: { schema } });
    await publisher.one('guarded', 'not an event');
    await publisher.one('guarded', eventText({ subject: 'a-1', data: { sku: 'a-1', n: 'one' } }));
    await publisher.one('guarded', eventText({ data: { sku: 'a-2', n: 2 } }));
    await publisher.nothingPending();

    const { items } = await client.ok<{ items: DeadLetter[] }>('/v1/dead-letters?dataset=guarded');
    const [unread, typed] = items as [DeadLetter, DeadLetter];
    const whole = await client.ok<WholeDeadLetter>(`/v1/dead-letters/${unread.id}`);
    const refused = await client.request(`/v1/dead-letters/${typed.id}/replay`, { method: 'POST' });
    await client.ok('/v1/datasets/guarded', { method: 'PATCH', json: { schema: null } });
    const json = { dataset: 'guarded', code: 'TYPE_MISMATCH' };
    const replayed = await client.request('/v1/dead-letters/replay', { method: 'POST', json });
    const discarded = await client.request('/v1/dead-letters?dataset=guarded', { method: 'DELETE' });

    expect([unread.code, typed.code]).toEqual(['EVENT_NOT_JSON', 'TYPE_MISMATCH']);
    expect(whole).toMatchObject({ raw: 'not an event', rawComplete: true, source: null });
    expect(refused).toMatchObject({ status: 409, body: { code: 'DEAD_LETTER_REFUSED' } });
    expect(replayed.body).toEqual({ written: 1, repeated: 0, refused: 0, more: false });
    expect(discarded).toMatchObject({ status: 200, body: { discarded: 1 } });
    expect(await client.records('guarded', '?fields=sku,n')).toHaveLength(2);
    const { items: sums } = await client.ok<{ items: object[] }>('/v1/dead-letters/summary?dataset=guarded');
    expect(sums).toMatchObject([{ dataset: 'guarded', refused: 2, kept: 0 }]);
  });

  it('of one publisher that floods its dataset are written, and those of another do not wait for them', async () => {
    await client.putDataset('flooded', { key: ['sku'] });
    await client.putDataset('calm', { key: ['sku'] });
    const many = Array.from({ length: 1_000 }, (_, n) => eventText({ data: { sku: `f-${n}`, n } }));
    for (let round = 0; round < 10; round += 1) await publisher.batch('flooded', many);

    await publisher.one('calm', eventText({ data: { sku: 'c', n: 1 } }));
    await until(async () => (await client.dataset('calm')).count === 1, 'the calm dataset to have its record');
    await publisher.nothingPending();

    expect((await client.dataset('flooded')).count).toBe(1_000);
  });
});
