import { z } from 'zod';

/** An order, as this service keeps it and as it tells Keyport. */
export const orderSchema = z.object({
  orderId: z.string().min(1),
  customer: z.string().min(1),
  lines: z
    .array(z.object({ item: z.string(), quantity: z.number().int().min(1), cents: z.number().int().min(0) }))
    .min(1),
  status: z.enum(['placed', 'paid', 'shipped', 'cancelled']),
  placedAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
});
export type Order = z.output<typeof orderSchema>;

/** What can happen to an order, and in which states. */
const steps = {
  pay: { from: ['placed'], to: 'paid' },
  ship: { from: ['paid'], to: 'shipped' },
  cancel: { from: ['placed', 'paid'], to: 'cancelled' },
} as const satisfies Record<string, { from: readonly Order['status'][]; to: Order['status'] }>;

export type Step = keyof typeof steps;

export function placeOrder(order: Pick<Order, 'orderId' | 'customer' | 'lines'>, now: Date): Order {
  const at = now.toISOString();
  return { ...order, status: 'placed', placedAt: at, changedAt: at };
}

/** Throws where the order is not in a state for it. */
export function advanceOrder(order: Order, step: Step, now: Date): Order {
  const { from, to } = steps[step];
  if (!(from as readonly string[]).includes(order.status))
    throw new Error(`order ${order.orderId} is ${order.status}: it cannot ${step}`);
  return { ...order, status: to, changedAt: now.toISOString() };
}
