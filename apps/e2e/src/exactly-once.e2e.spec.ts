import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orderNdjson, TestStack, until, type KeyportClient } from '@keyport/testing';

const rowCount = 200_000;

describe('An import of 200,000 rows', () => {
  let stack: TestStack;
  let client: KeyportClient;

  beforeAll(async () => {
    stack = await TestStack.start();
    client = stack.client;
  });

  afterAll(() => stack?.stop());

  it.each(['import', 'records'] as const)(
    'loses and doubles nothing when %s is killed in its middle',
    async (service) => {
      const dataset = `killed-${service}`;
      await client.putDataset(dataset);
      const body = Readable.toWeb(Readable.from(orderNdjson(rowCount, 11))) as never;
      const started = client.import(dataset, 'application/x-ndjson', body);
      await until(
        async () => (await client.dataset(dataset)).count > rowCount / 10,
        'a tenth of the rows to be written',
      );

      await stack.kill(service);
      const { body: accepted } = await started;
      const ended = await client.importEnd(accepted.id, 90_000);

      expect(ended).toMatchObject({
        state: 'completed',
        counts: { read: rowCount, inserted: rowCount, updated: 0, unchanged: 0, deleted: 0, rejected: 0, skipped: 0 },
      });
      const ids = (await client.records<{ orderId: string }>(dataset, '?fields=orderId')).map(({ orderId }) => orderId);
      expect(ids).toHaveLength(rowCount);
      expect(ids.every((id, index) => id === `order-${String(index).padStart(9, '0')}`)).toBe(true);
    },
  );
});
