import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Double, Int32 } from 'bson';
import type { Connection, Model } from 'mongoose';
import { orderModel, type OrderedIds } from './order.model.ts';

/** Milliseconds that an order outlives the last page that was asked of it. */
const keptMs = 3_600_000;

/** Which order, of what. */
export type OrderName = Pick<OrderedIds, 'order' | 'collectionName' | 'sort'>;

/** Every BSON type of an `_id` is kept. */
const exactly = { promoteValues: false, promoteBuffers: false, bsonRegExp: true } as const;

/** Keeps in which order sorted scans give records, so that any process can go on with one. */
@Injectable()
export class OrdersRepository {
  private readonly orders: Model<OrderedIds>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.orders = orderModel(connection);
  }

  async store(name: OrderName, from: number, ids: readonly unknown[]): Promise<void> {
    const until = new Date(Date.now() + keptMs);
    await this.orders.collection.insertOne({ ...name, from, ids, until });
  }

  /** Ids from a number on, up to the end of the stretch that holds it; undefined where they are not kept any more. */
  async idsFrom({ order, collectionName, sort }: OrderName, number: number): Promise<unknown[] | undefined> {
    const stretch = await this.orders.collection.findOne(
      { order, collectionName, sort, from: { $lte: number } },
      { sort: { from: -1 }, ...exactly },
    );
    if (!stretch) return undefined;
    const { from, ids, until } = stretch as unknown as { from: Double | Int32; ids: unknown[]; until: Date };
    await this.prolong(order, until);
    return ids.slice(number - Number(from));
  }

  async forget(order: string): Promise<void> {
    await this.orders.collection.deleteMany({ order });
  }

  /** All stretches, now and then. */
  private async prolong(order: string, until: Date): Promise<void> {
    const now = Date.now();
    if (until.getTime() - now > keptMs / 2) return;
    await this.orders.collection.updateMany({ order }, { $set: { until: new Date(now + keptMs) } });
  }
}
