import { errorTable, type ErrorCode } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { judgeFailure, retryDelayMs, stateAfter, statesBefore, type ExportState } from './export-states.ts';

const ended: ExportState[] = ['failed', 'cancelled', 'expired'];

describe('states of an export', () => {
  it('go from queued over running to completed and expired', () => {
    expect(stateAfter('queued', 'claim')).toBe('running');
    expect(stateAfter('running', 'complete')).toBe('completed');
    expect(stateAfter('completed', 'expire')).toBe('expired');
  });

  it('let another process take over an export that runs', () => {
    expect(statesBefore('claim')).toEqual(['queued', 'running']);
  });

  it('complete and fail only what runs', () => {
    expect(statesBefore('complete')).toEqual(['running']);
    expect(statesBefore('fail')).toEqual(['running']);
  });

  it('cancel only what has no result yet', () => {
    expect(statesBefore('cancel')).toEqual(['queued', 'running']);
  });

  it.each(ended)('never leave %s', (state) => {
    const events = ['claim', 'complete', 'fail', 'cancel', 'expire'] as const;

    expect(events.map((event) => stateAfter(state, event))).toEqual(events.map(() => undefined));
  });
});

describe('a failure of a running export', () => {
  it.each<ErrorCode>(['RIGHTS_LOST', 'INSUFFICIENT_SCOPE', 'TOKEN_REVOKED'])('%s ends it as RIGHTS_LOST', (code) => {
    expect(judgeFailure(code)).toEqual({ fails: 'RIGHTS_LOST' });
  });

  it('ends it with its own code where the dataset is gone', () => {
    expect(judgeFailure('DATASET_NOT_FOUND')).toEqual({ fails: 'DATASET_NOT_FOUND' });
  });

  it('is waited out while a service is away', () => {
    expect(judgeFailure('SERVICE_UNAVAILABLE')).toEqual({ retries: 'always' });
    expect(judgeFailure('SERVICE_TIMEOUT')).toEqual({ retries: 'always' });
    expect(judgeFailure('CHANGES_BEHIND')).toEqual({ retries: 'always' });
  });

  it('has a verdict for every code there is', () => {
    const verdicts = (Object.keys(errorTable) as ErrorCode[]).map(judgeFailure);

    expect(verdicts.every((verdict) => 'fails' in verdict || 'retries' in verdict)).toBe(true);
  });

  it('is tried again after ever longer pauses of at most ten seconds', () => {
    const delays = [0, 1, 2, 3, 4, 5, 20].map(retryDelayMs);

    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });
});
