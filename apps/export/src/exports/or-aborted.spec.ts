import { describe, expect, it } from '@jest/globals';
import { orAborted } from './or-aborted.ts';

describe('waiting unless aborted', () => {
  it('gives what the promise gives, good or bad', async () => {
    const { signal } = new AbortController();

    await expect(orAborted(Promise.resolve('page'), signal)).resolves.toBe('page');
    await expect(orAborted(Promise.reject(new Error('away')), signal)).rejects.toThrow('away');
  });

  it('ends with the reason of the signal while the promise is still open', async () => {
    const stop = new AbortController();
    const waiting = orAborted(Promise.withResolvers<string>().promise, stop.signal);

    stop.abort(new Error('deleted'));

    await expect(waiting).rejects.toThrow('deleted');
  });

  it('does not begin to wait when it is aborted already', async () => {
    await expect(orAborted(Promise.resolve('page'), AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});
