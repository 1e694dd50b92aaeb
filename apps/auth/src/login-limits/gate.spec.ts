import { describe, expect, it } from '@jest/globals';
import { passing, throttled, type Gate } from './gate.ts';

/** Writes down what happens to it. */
function gate(name: string, log: string[], isClosed = false): Gate {
  const note = (what: string) => {
    log.push(`${name} ${what}`);
    return Promise.resolve();
  };
  return {
    enter: async () => {
      if (isClosed) throw throttled(1_500);
      await note('entered');
      return { takeBack: () => note('taken back'), succeed: () => note('succeeded') };
    },
  };
}

describe('passing gates', () => {
  it('tells all of them of a success', async () => {
    const log: string[] = [];

    expect(await passing([gate('a', log), gate('b', log)], () => Promise.resolve('in'))).toBe('in');
    expect(log).toEqual(['a entered', 'b entered', 'a succeeded', 'b succeeded']);
  });

  it('leaves a failure counted', async () => {
    const log: string[] = [];

    expect(await passing([gate('a', log)], () => Promise.resolve(undefined))).toBeUndefined();
    expect(log).toEqual(['a entered']);
  });

  it('does no work behind a closed one, and takes back what was counted before it', async () => {
    const log: string[] = [];
    const work = () => {
      log.push('worked');
      return Promise.resolve(true);
    };

    const attempt = passing([gate('a', log), gate('b', log, true), gate('c', log)], work);

    await expect(attempt).rejects.toMatchObject({ code: 'LOGIN_THROTTLED', params: { retryAfterSeconds: 2 } });
    expect(log).toEqual(['a entered', 'a taken back']);
  });

  it('takes back an attempt that could not be made', async () => {
    const log: string[] = [];

    const attempt = passing([gate('a', log)], () => Promise.reject(new Error('too busy')));

    await expect(attempt).rejects.toThrow('too busy');
    expect(log).toEqual(['a entered', 'a taken back']);
  });
});
