import { describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { countFailure, describeFailure, nextTry, triesOfUnexpected, type Failures } from './failures.ts';

const away = new KeyportError('SERVICE_UNAVAILABLE', { service: 'records' });
const unexpected = new TypeError('of "secret"');

function failedBy(...errors: readonly unknown[]): Failures {
  let failures: Failures | undefined;
  for (const error of errors) failures = countFailure(failures, 7, error);
  return failures as Failures;
}

describe('nextTry', () => {
  it('waits for a service that is away, however often, and never longer than ten seconds', () => {
    const pauses = [1, 2, 3, 50].map((times) => nextTry(failedBy(...Array<Error>(times).fill(away)), away));

    expect(pauses).toEqual([250, 500, 1_000, 10_000].map((inMs) => ({ kind: 'again', inMs })));
  });

  it('gives an event up that failed five times for no known reason', () => {
    const tries = Array.from({ length: triesOfUnexpected }, (_, before) =>
      nextTry(failedBy(...Array<Error>(before + 1).fill(unexpected)), unexpected),
    );

    expect(tries).toEqual([
      ...[500, 1_500, 4_500, 13_500].map((inMs) => ({ kind: 'again', inMs })),
      { kind: 'give up' },
    ]);
  });

  it('counts an internal error of another service as one for no known reason', () => {
    const internal = new KeyportError('INTERNAL');

    expect(nextTry(failedBy(...Array<Error>(5).fill(internal)), internal)).toEqual({ kind: 'give up' });
  });

  it('does not count the times that a service was away against an event', () => {
    expect(failedBy(away, away, unexpected, away, away)).toEqual({ sequence: 7, away: 4, unexpected: 1 });
  });
});

describe('countFailure', () => {
  it('begins anew with the next event', () => {
    expect(countFailure(failedBy(away, unexpected), 8, unexpected)).toEqual({ sequence: 8, away: 0, unexpected: 1 });
  });
});

describe('describeFailure', () => {
  it('says where it happened and leaves out the message, which may hold data', () => {
    const described = describeFailure(unexpected);

    expect(described).toMatchObject({ error: 'TypeError', frames: expect.arrayContaining([expect.any(String)]) });
    expect(JSON.stringify(described)).not.toContain('secret');
  });
});
