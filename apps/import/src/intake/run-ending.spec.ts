import { KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { LeaseLostError } from './progress.repository.ts';
import { backOffMs, endingOf, HoldersLostError, maxFailures, maxLostHolders, RunStop } from './run-ending.ts';
import { UploadIdleError } from './spool-reader.ts';

describe('endingOf', () => {
  it('never fails an import because a service was away', () => {
    for (const code of ['SERVICE_UNAVAILABLE', 'SERVICE_TIMEOUT', 'SOURCE_UNAVAILABLE', 'WRITE_CONFLICT'] as const) {
      expect(endingOf(new KeyportError(code), maxFailures)).toEqual({ kind: 'try again', counted: false });
    }
  });

  it('fails with what is wrong with the file', () => {
    expect(endingOf(new KeyportError('DECOMPRESSION_RATIO', { ratio: 200 }), 0)).toEqual({
      kind: 'fail',
      code: 'DECOMPRESSION_RATIO',
      params: { ratio: 200 },
    });
  });

  it('calls every loss of rights by one name', () => {
    for (const code of ['RIGHTS_LOST', 'TOKEN_REVOKED', 'INSUFFICIENT_SCOPE'] as const) {
      expect(endingOf(new KeyportError(code), 0)).toMatchObject({ kind: 'fail', code: 'RIGHTS_LOST' });
    }
  });

  it('tries again after an unexpected error, but not for ever', () => {
    expect(endingOf(new TypeError('bug'), 0)).toEqual({ kind: 'try again', counted: true });
    expect(endingOf(new TypeError('bug'), maxFailures - 1)).toMatchObject({ kind: 'fail', code: 'INTERNAL' });
  });

  it('ends an import that MongoDB keeps refusing, by name and not at once', () => {
    const refused = new KeyportError('WRITE_REFUSED', { dataset: 'a', reason: 'BadValue' });

    expect(endingOf(refused, 0)).toEqual({ kind: 'try again', counted: true });
    expect(endingOf(refused, maxFailures - 1)).toEqual({ kind: 'fail', code: 'WRITE_REFUSED', params: refused.params });
  });

  it('takes a grant that stays refused for lost rights', () => {
    const refused = new KeyportError('CONTEXT_INVALID', { check: 'key' });

    expect(endingOf(refused, 0)).toEqual({ kind: 'try again', counted: true });
    expect(endingOf(refused, maxFailures - 1)).toMatchObject({ kind: 'fail', code: 'RIGHTS_LOST' });
  });

  it('ends an import whose holder has used up their quota with that code', () => {
    const params = { limit: 5, unit: 'bytes', retryAfterSeconds: 7 };

    expect(endingOf(new KeyportError('QUOTA_EXCEEDED', params), 0)).toEqual({
      kind: 'fail',
      code: 'QUOTA_EXCEEDED',
      params,
    });
  });

  it('ends an import that nobody survives, and does not try again', () => {
    expect(endingOf(new HoldersLostError(maxLostHolders), 0)).toEqual({ kind: 'fail', code: 'INTERNAL', params: {} });
  });

  it('tells the ways to stop apart', () => {
    expect(endingOf(new RunStop('cancelled'), 0)).toEqual({ kind: 'cancel' });
    expect(endingOf(new RunStop('shutdown'), 0)).toEqual({ kind: 'hand back' });
    expect(endingOf(new RunStop('idle'), 0)).toEqual({ kind: 'set aside' });
    expect(endingOf(new RunStop('lost'), 0)).toEqual({ kind: 'drop' });
    expect(endingOf(new LeaseLostError('0'), 0)).toEqual({ kind: 'drop' });
    expect(endingOf(new UploadIdleError(), 0)).toEqual({ kind: 'set aside' });
  });
});

describe('backOffMs', () => {
  it('grows to half a minute and no further', () => {
    expect([0, 1, 2, 20].map(backOffMs)).toEqual([250, 500, 1000, 30_000]);
  });
});
