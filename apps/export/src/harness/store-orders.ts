import type { Connection } from 'mongoose';
import { orders } from './documents.ts';

const batchSize = 10_000;

/** Puts orders where `records` keeps those of a dataset that it knows, past its own writing, which is not what is tested. */
export async function storeOrders(records: Connection, dataset: string, count: number): Promise<void> {
  const definition = await records.collection('datasets').findOne({ _id: dataset as never });
  const collection = records.collection(String(definition?.collectionName));
  for (let from = 0; from < count; from += batchSize) {
    await collection.insertMany(orders(Math.min(batchSize, count - from), from), { ordered: false });
  }
}
