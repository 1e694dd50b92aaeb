import { describe, expect, it } from '@jest/globals';
import { accountPolicy, admit, pairPolicy, waitAfter, windowAt, type PairState } from './throttle.ts';

const start = new Date('2030-01-01T00:00:00.000Z');
const after = (ms: number) => new Date(start.getTime() + ms);
const minute = 60_000;

/** What is left after one failure right after the other, each as early as it is let through. */
function failing(times: number): { state: PairState; at: Date } {
  let state: PairState | null = null;
  let at = start;
  for (let count = 0; count < times; count += 1) {
    at = state && state.nextAt > at ? state.nextAt : at;
    const admission = admit(state, at);
    if (!admission.admitted) throw new Error('was let through too late');
    state = admission.counted;
  }
  return { state: state as PairState, at };
}

describe('waitAfter', () => {
  it.each([
    [1, 0],
    [4, 0],
    [5, 1_000],
    [6, 2_000],
    [7, 4_000],
    [14, 512_000],
    [15, 15 * minute],
    [16, 15 * minute],
    [10_000, 15 * minute],
  ])('after %i failures is %i ms', (failures, waitMs) => {
    expect(waitAfter(failures)).toBe(waitMs);
  });
});

describe('admit', () => {
  it('lets the first five through at once, and counts each', () => {
    const { state, at } = failing(5);

    expect(at).toEqual(start);
    expect(state.failures).toBe(5);
  });

  it('lets nothing through before the wait is over, and says how long it is', () => {
    const { state, at } = failing(6);

    expect(admit(state, at)).toEqual({ admitted: false, retryAfterMs: 2_000 });
    expect(admit(state, new Date(at.getTime() + 1_999))).toEqual({ admitted: false, retryAfterMs: 1 });
    expect(admit(state, new Date(at.getTime() + 2_000))).toMatchObject({ admitted: true, counted: { failures: 7 } });
  });

  it('makes an attempt that was refused no costlier', () => {
    const { state, at } = failing(9);
    const once = admit(state, at);

    expect(admit(state, at)).toEqual(once);
  });

  it('lets a patient guesser try no more than some thirty times in the first hour, and four in each later one', () => {
    const times = (untilMs: number) => {
      let count = 1;
      while (failing(count + 1).at.getTime() - start.getTime() < untilMs) count += 1;
      return count;
    };

    expect(times(60 * minute)).toBeLessThan(30);
    expect(times(300 * minute) - times(240 * minute)).toBe(4);
  });

  it('forgets after a pause that is longer than the wait', () => {
    const { state } = failing(20);
    const forgottenAt = new Date(state.nextAt.getTime() + pairPolicy.forgottenAfterMs);

    expect(admit(state, new Date(forgottenAt.getTime() - 1))).toMatchObject({ counted: { failures: 21 } });
    expect(admit(state, forgottenAt)).toMatchObject({ admitted: true, counted: { failures: 1, nextAt: forgottenAt } });
  });
});

describe('windowAt', () => {
  it('is the same for all who ask within it, and another one from its end on', () => {
    const first = windowAt(start, accountPolicy);

    expect(first.endsAt).toEqual(after(60 * minute));
    expect(windowAt(after(60 * minute - 1), accountPolicy)).toEqual(first);
    expect(windowAt(after(60 * minute), accountPolicy).index).toBe(first.index + 1);
  });
});
