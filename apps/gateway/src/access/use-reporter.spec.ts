import { KeyportError, reportUse, type RequestOf } from '@keyport/contracts';
import type { Requester } from '@keyport/messaging';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UseReporter } from './use-reporter.ts';

type Report = RequestOf<typeof reportUse>['keys'];

const at = (seconds: number) => Date.parse('2030-01-01T00:00:00Z') + seconds * 1000;
const use = (keyId: string, seconds: number) => ({ keyId, lastUsedAt: new Date(at(seconds)).toISOString() });

/** What auth was told, and refuses to hear as often as told. */
class AuthDouble {
  readonly reports: Report[] = [];
  refusals = 0;

  readonly requester = {
    request: (contract: unknown, { keys }: { keys: Report }) => {
      expect(contract).toBe(reportUse);
      if (this.refusals > 0) {
        this.refusals -= 1;
        return Promise.reject(new KeyportError('SERVICE_UNAVAILABLE', { service: 'auth' }));
      }
      this.reports.push(keys);
      return Promise.resolve({});
    },
  } as unknown as Requester;
}

let auth: AuthDouble;
let reporter: UseReporter;

beforeEach(() => {
  jest.useFakeTimers();
  auth = new AuthDouble();
  reporter = new UseReporter(auth.requester);
  reporter.onApplicationBootstrap();
});

afterEach(async () => {
  await reporter.beforeApplicationShutdown();
  jest.useRealTimers();
});

const pass = (seconds: number) => jest.advanceTimersByTimeAsync(seconds * 1000);

describe('the reporter of uses', () => {
  it('tells every ten seconds when each key was used last, and nothing where none was', async () => {
    reporter.saw('a', at(1));
    reporter.saw('b', at(2));
    reporter.saw('a', at(3));

    await pass(9.9);
    expect(auth.reports).toEqual([]);
    await pass(0.2);
    await pass(30);

    expect(auth.reports).toEqual([[use('a', 3), use('b', 2)]]);
  });

  it('tells again what auth could not be told, unless it is older than what is known by then', async () => {
    auth.refusals = 1;
    reporter.saw('a', at(1));
    reporter.saw('b', at(2));
    await pass(10);
    reporter.saw('a', at(12));

    await pass(10);

    expect(auth.reports).toEqual([[use('a', 12), use('b', 2)]]);
  });

  it('tells of many keys in several reports', async () => {
    for (let count = 0; count < 10_001; count += 1) reporter.saw(`key-${count}`, at(0));

    await pass(10);

    expect(auth.reports.map(({ length }) => length)).toEqual([10_000, 1]);
  });

  it('tells the rest when the gateway ends', async () => {
    reporter.saw('a', at(1));

    await reporter.beforeApplicationShutdown();

    expect(auth.reports).toEqual([[use('a', 1)]]);
  });

  it('does not grow without bound while auth is away', async () => {
    auth.refusals = Number.POSITIVE_INFINITY;
    for (let count = 0; count < 200_001; count += 1) reporter.saw(`key-${count}`, at(0));
    await pass(10);
    auth.refusals = 0;

    await pass(10);

    expect(auth.reports.flat()).toHaveLength(200_000);
  });
});
