import { describe, expect, it } from '@jest/globals';
import { advanceOrder, placeOrder } from './order.ts';

const placed = placeOrder(
  { orderId: 'a', customer: 'ann', lines: [{ item: 'bolt', quantity: 1, cents: 5 }] },
  new Date('2026-11-30T10:00:00Z'),
);

describe('An order', () => {
  it('is placed, paid and shipped, and says since when', () => {
    const paid = advanceOrder(placed, 'pay', new Date('2026-11-30T11:00:00Z'));
    const shipped = advanceOrder(paid, 'ship', new Date('2026-11-30T12:00:00Z'));

    expect(shipped).toMatchObject({
      ...{ status: 'shipped', placedAt: '2026-11-30T10:00:00.000Z', changedAt: '2026-11-30T12:00:00.000Z' },
    });
  });

  it('cannot be shipped before it is paid, or cancelled after it was shipped', () => {
    const now = new Date();
    const shipped = advanceOrder(advanceOrder(placed, 'pay', now), 'ship', now);

    expect(() => advanceOrder(placed, 'ship', now)).toThrow('it cannot ship');
    expect(() => advanceOrder(shipped, 'cancel', now)).toThrow('it cannot cancel');
  });
});
