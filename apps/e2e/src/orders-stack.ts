import { orderNdjson, TestStack, type KeyportClient } from '@keyport/testing';

export interface OrdersStack {
  readonly stack: TestStack;
  readonly client: KeyportClient;
  /** What was imported: NDJSON. */
  readonly source: string;
}

/** A stack of its own, whose dataset `orders` holds so many. */
export async function startWithOrders(rows: number): Promise<OrdersStack> {
  const source = Buffer.concat([...orderNdjson(rows, 7)]).toString();
  const stack = await TestStack.start();
  const { client } = stack;
  await client.putDataset('orders');
  await client.imported('orders', 'application/x-ndjson', source);
  return { stack, client, source };
}
