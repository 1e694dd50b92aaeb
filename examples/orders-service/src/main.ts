import { connectPublisher } from '@keyport/publisher';
import { readConfig } from './config.ts';
import { orderSchema } from './order.ts';
import { Orders } from './orders.ts';

const { NATS_URL: url, KEYPORT_TOKEN: token, ORDERS: count } = readConfig();
const items = ['bolt', 'washer', 'valve'];

await using publisher = await connectPublisher(
  { url, token, name: 'orders-service' },
  { source: '/shop/orders', datasets: { orders: orderSchema } },
);
const orders = new Orders(publisher);

/** One customer: orders, and most pay; of those who paid some want their money back before the parcel has left. */
async function serve(number: number): Promise<void> {
  const orderId = `order-${number}`;
  const lines = [{ item: items[number % items.length] ?? 'bolt', quantity: 1 + (number % 4), cents: 250 }];
  await orders.place({ orderId, customer: `customer-${number % 7}`, lines });
  if (number % 5 === 0) return;
  await orders.advance(orderId, 'pay');
  await orders.advance(orderId, number % 6 === 1 ? 'cancel' : 'ship');
}

const served: Promise<void>[] = [];
for (let number = 0; number < count; number += 1) {
  // No more customers at once than the bus keeps up with.
  await publisher.ready();
  served.push(serve(number));
}
await Promise.all(served);
const counts = (['placed', 'shipped', 'cancelled'] as const).map((status) => `${orders.count(status)} ${status}`);
console.log(`${count} orders: ${counts.join(', ')}`);
