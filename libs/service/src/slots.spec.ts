import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

describe('slots', () => {
  it('are held by so many at a time, and go to who waits longest', async () => {
    const slots = new Slots(2);
    const order: number[] = [];
    const take = async (who: number) => {
      const free = await slots.take();
      order.push(who);
      return free;
    };

    const [first, second, third, fourth] = [1, 2, 3, 4].map(take);
    const freeFirst = await first!;
    const freeSecond = await second!;
    expect(order).toEqual([1, 2]);

    freeSecond();
    const freeThird = await third!;
    expect(order).toEqual([1, 2, 3]);

    freeFirst();
    freeThird();
    (await fourth!)();
    expect(order).toEqual([1, 2, 3, 4]);
    await slots.take();
    await slots.take();
  });
});
