import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

/** Work that ends when the test says so, and notes when it begins. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const work = (name: string) => () => {
    begun.push(name);
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return end.promise;
  };
  return {
    begun,
    work,
    end: (name: string) => ends.get(name)?.resolve(),
    fail: (name: string) => ends.get(name)?.reject(),
  };
}

describe('Turns', () => {
  it('let what has one key run one after the other, and other keys meanwhile', async () => {
    const turns = new Turns(10);
    const { begun, work, end } = works();

    const all = [turns.run('a', work('a1')), turns.run('a', work('a2')), turns.run('b', work('b1'))];
    await setImmediate();
    const before = [...begun];
    end('a1');
    await setImmediate();

    expect(before).toEqual(['a1', 'b1']);
    expect(begun).toEqual(['a1', 'b1', 'a2']);
    ['a2', 'b1'].forEach(end);
    await Promise.all(all);
    expect(turns.size).toBe(0);
  });

  it('let the next of a key run also where the one before it failed', async () => {
    const turns = new Turns(10);
    const { begun, work, end, fail } = works();
    const first = turns.run('a', work('a1'));
    const second = turns.run('a', work('a2'));
    await setImmediate();

    fail('a1');
    await expect(first).rejects.toBeUndefined();
    await setImmediate();

    expect(begun).toEqual(['a1', 'a2']);
    end('a2');
    await second;
  });

  it('run no more than so many at once, in the order in which they came', async () => {
    const turns = new Turns(2);
    const { begun, work, end } = works();

    const all = ['1', '2', '3', '4'].map((name) => turns.run(undefined, work(name)));
    await setImmediate();
    const before = [...begun];
    end('2');
    await setImmediate();

    expect(before).toEqual(['1', '2']);
    expect(begun).toEqual(['1', '2', '3']);
    for (const name of ['1', '3']) end(name);
    await setImmediate();
    end('4');
    await Promise.all(all);
  });

  it('tell when there is room, and when nothing is left', async () => {
    const turns = new Turns(1);
    const { work, end } = works();
    const told: string[] = [];
    await turns.untilRoom();
    const run = turns.run('a', work('a1'));
    void turns.untilRoom().then(() => told.push('room'));
    void turns.untilIdle().then(() => told.push('idle'));
    await setImmediate();
    const before = [...told];

    end('a1');
    await run;
    await setImmediate();

    expect(before).toEqual([]);
    expect(told).toEqual(['room', 'idle']);
  });
});
