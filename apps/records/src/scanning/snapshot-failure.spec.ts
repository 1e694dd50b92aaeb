import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { failureAtState, failureOfNewest, isSnapshotGone } from './snapshot-failure.ts';

const refusal = (code: number) => Object.assign(new Error('refused'), { code });

describe('a read of one state that fails', () => {
  it.each([239, 246, 72])('met the end of the history of the server with code %d', (code) => {
    const failure = failureAtState(refusal(code), 'orders');

    expect(failure).toMatchObject({ code: 'SNAPSHOT_GONE', params: { dataset: 'orders' } });
    expect(isSnapshotGone(failure)).toBe(true);
  });

  it.each([72, 123, 148, 239, 246])('met a server without a history at its start with code %d', (code) => {
    expect(failureOfNewest(refusal(code), 'orders')).toMatchObject({ code: 'SNAPSHOT_UNAVAILABLE' });
  });

  it('is what it was for any other reason', () => {
    const others = [refusal(50), new Error('no code'), new KeyportError('SOURCE_UNAVAILABLE', { source: 'erp' })];

    for (const error of others) {
      expect(failureAtState(error, 'orders')).toBe(error);
      expect(failureOfNewest(error, 'orders')).toBe(error);
      expect(isSnapshotGone(error)).toBe(false);
    }
  });
});
