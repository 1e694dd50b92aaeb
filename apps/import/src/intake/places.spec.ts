import { describe, expect, it } from '@jest/globals';
import { memoryOf, mostMemory } from './import-memory.ts';
import { nextOf, toGiveWay, type RunningImport, type WaitingImport } from './places.ts';

const small = memoryOf('identity');
/** Room for eight plain imports that had their first turn, and for newcomers. */
const memory = mostMemory + 8 * small;

let serial = 0;
const waiting = (some: Partial<WaitingImport> = {}): WaitingImport => {
  serial += 1;
  const made = { importId: String(serial), holder: 'a', memory: small, waitsSince: serial };
  return { ...made, isFresh: false, isSuspect: false, ...some };
};
const running = (some: Partial<RunningImport> = {}): RunningImport => ({
  ...{ holder: 'a', memory: small, isFresh: false, mustBeAlone: false, isLeaving: false, mayGiveWay: true },
  ...{ heldMs: 5_000, idleMs: 0, ...some },
});
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe('the next import', () => {
  it('is the one that waited longest, where nothing else tells them apart', () => {
    const [first, second] = [waiting(), waiting()];

    expect(nextOf([second, first], [], memory)).toBe(first);
  });

  it('is of the holder with the fewest at work', () => {
    const [of, other] = [waiting({ holder: 'a', isFresh: true }), waiting({ holder: 'b' })];

    expect(nextOf([of, other], [running({ holder: 'a' })], memory)).toBe(other);
  });

  it('is one that had no turn yet before one that had', () => {
    const [large, fresh] = [waiting(), waiting({ isFresh: true })];

    expect(nextOf([large, fresh], [], memory)).toBe(fresh);
  });

  it('is one that waited longer, where newcomers have half of the memory', () => {
    const newcomers = times(Math.ceil(memory / 2 / small), () => running({ isFresh: true }));
    const [large, fresh] = [waiting(), waiting({ isFresh: true })];

    expect(nextOf([large, fresh], newcomers, memory)).toBe(large);
  });

  it('leaves room for a newcomer, whatever else waits', () => {
    const large = times(8, () => running());
    const packed = waiting({ isFresh: true, memory: mostMemory });

    expect(nextOf([waiting()], large, memory)).toBeUndefined();
    expect(nextOf([waiting(), packed], large, memory)).toBe(packed);
  });

  it('runs where it is the only one, however little memory there is', () => {
    const only = waiting({ memory: mostMemory });

    expect(nextOf([only], [], small)).toBe(only);
    expect(nextOf([only], [running()], small)).toBeUndefined();
  });

  it('is none beside one that has lost its holders, nor while such a one waits', () => {
    const suspect = waiting({ isSuspect: true });

    expect(nextOf([waiting()], [running({ mustBeAlone: true })], memory)).toBeUndefined();
    expect(nextOf([waiting(), suspect], [running()], memory)).toBeUndefined();
    expect(nextOf([suspect, waiting()], [], memory)).toBe(suspect);
  });
});

describe('an import gives way', () => {
  const full = (some: (index: number) => Partial<RunningImport>) =>
    times(memory / small, (index) => running(some(index)));

  it('only where another waits and finds no place', () => {
    expect(
      toGiveWay(
        [],
        full(() => ({})),
        memory,
      ),
    ).toBeUndefined();
    expect(toGiveWay([waiting({ isFresh: true })], [running()], memory)).toBeUndefined();
  });

  it('whose upload is idle, at once', () => {
    const runs = full((index) => ({ mayGiveWay: index > 3, idleMs: index === 2 ? 300 : 0 }));

    expect(toGiveWay([waiting({ isFresh: true })], runs, memory)).toEqual({ run: runs[2], idle: true });
  });

  it('of the holder with most, that has held its place longest', () => {
    const runs = full((index) => ({ holder: index === 0 ? 'few' : 'many', heldMs: index === 0 ? 90_000 : index }));

    expect(toGiveWay([waiting({ isFresh: true })], runs, memory)?.run).toBe(runs.at(-1));
  });

  it('and no second one while the first is on its way out', () => {
    const runs = full((index) => ({ isLeaving: index === 1 }));

    expect(toGiveWay([waiting({ isFresh: true })], runs, memory)).toBeUndefined();
  });

  it('unless none can', () => {
    const runs = full(() => ({ mayGiveWay: false }));

    expect(toGiveWay([waiting({ isFresh: true })], runs, memory)).toBeUndefined();
  });
});
