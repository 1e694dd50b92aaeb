import type { Publisher } from '@keyport/publisher';
import { advanceOrder, placeOrder, type Order, type orderSchema, type Step } from './order.ts';

/** What this service publishes, by dataset. */
export type OrderDatasets = { readonly orders: typeof orderSchema };

/**
 * Orders, and what the world is told of them: the whole order after each change, under its id as the key. An order counts
 * as changed only once Keyport's bus holds the event, so a change that was answered is never lost. A service with a
 * database of its own would store the event with the change, and publish it from there.
 */
export class Orders {
  private readonly orders = new Map<string, Order>();

  constructor(private readonly publisher: Publisher<OrderDatasets>) {}

  place(order: Pick<Order, 'orderId' | 'customer' | 'lines'>): Promise<Order> {
    if (this.orders.has(order.orderId)) throw new Error(`order ${order.orderId} was placed before`);
    return this.store(placeOrder(order, new Date()));
  }

  advance(orderId: string, step: Step): Promise<Order> {
    const order = this.orders.get(orderId);
    if (!order) throw new Error(`there is no order ${orderId}`);
    return this.store(advanceOrder(order, step, new Date()));
  }

  count(status: Order['status']): number {
    return [...this.orders.values()].filter((order) => order.status === status).length;
  }

  private async store(order: Order): Promise<Order> {
    await this.publisher.upserted('orders', { key: order.orderId, data: order });
    this.orders.set(order.orderId, order);
    return order;
  }
}
