import { loadConfig } from '@keyport/service';
import { describe, expect, it } from '@jest/globals';
import { authConfig } from '../config.ts';
import { defaultLimits, grantedLimits, limitsThrough } from './usage-rules.ts';

const configOf = (environment: Record<string, string>) =>
  loadConfig(authConfig, { MONGODB_URL: 'mongodb://127.0.0.1/auth', KEYPORT_HOME: '/home', ...environment });

const defaults = { requestsPerSecond: 50, burst: 100, importsPerDay: 3, importBytesPerDay: 1000, concurrentImports: 4 };

/** Paths and texts of what is refused. */
function refusedOf(grantable: object, asked: object): [string, string][] {
  try {
    grantedLimits({ limits: {}, grantable }, asked);
    return [];
  } catch (error) {
    const { code, errors = [] } = error as { code: string; errors?: readonly { path: string; message: string }[] };
    expect(code).toBe('VALIDATION_FAILED');
    return errors.map(({ path, message }) => [path, message]);
  }
}

describe('defaultLimits', () => {
  it('are those of the environment, and no daily ones where it names none', () => {
    const set = configOf({
      KEYPORT_REQUESTS_PER_SECOND: '50',
      KEYPORT_REQUESTS_BURST: '100',
      KEYPORT_IMPORTS_PER_DAY: '3',
      KEYPORT_IMPORT_BYTES_PER_DAY: '1000',
      KEYPORT_CONCURRENT_IMPORTS: '4',
    });

    expect(defaultLimits(set)).toEqual(defaults);
    expect(defaultLimits(configOf({}))).toEqual({ requestsPerSecond: 50_000, burst: 100_000, concurrentImports: 200 });
  });
});

describe('grantedLimits', () => {
  it('are what was asked for, up to the defaults', () => {
    expect(grantedLimits({ limits: {}, grantable: defaults }, defaults)).toEqual(defaults);
    expect(grantedLimits({ limits: {}, grantable: defaults }, { importsPerDay: 0 })).toEqual({ importsPerDay: 0 });
  });

  it.each([
    [{ requestsPerSecond: 51, burst: 100 }, ['limits.requestsPerSecond']],
    [{ burst: 101 }, ['limits.burst']],
    [{ importsPerDay: 4 }, ['limits.importsPerDay']],
    [{ importBytesPerDay: 1001, importsPerDay: 4 }, ['limits.importBytesPerDay', 'limits.importsPerDay']],
  ])('refuse %j and name what is too much', (asked, paths) => {
    const refused = refusedOf(defaults, asked);

    expect(refused.map(([path]) => path)).toEqual(paths);
    for (const [, message] of refused) expect(message).toMatch(/^must be at most \d+, the default .* users:update$/);
  });

  it('refuse a rate whose second is more than the burst, unless a smaller burst is named', () => {
    const tight = { ...defaults, burst: 10 };

    expect(refusedOf(tight, { requestsPerSecond: 50 })).toEqual([['limits.burst', expect.stringContaining('10')]]);
    expect(refusedOf(tight, { requestsPerSecond: 50, burst: 10 })).toEqual([]);
  });

  it('are anything for who is not bound', () => {
    const much = { requestsPerSecond: 1_000_000, importBytesPerDay: 1e12 };

    expect(grantedLimits({ limits: {}, grantable: {} }, much)).toEqual(much);
  });

  it('are anything by day where the deployment has no such limit', () => {
    const grantable = { requestsPerSecond: 50, importsPerDay: undefined };

    expect(grantedLimits({ limits: {}, grantable }, { importsPerDay: 1e9 })).toEqual({ importsPerDay: 1e9 });
  });

  it('do not pass on what the maker was raised to', () => {
    const maker = { requestsPerSecond: 900, burst: 20 };

    expect(grantedLimits({ limits: maker, grantable: defaults }, {})).toEqual({ requestsPerSecond: 50, burst: 20 });
    expect(grantedLimits({ limits: maker, grantable: {} }, {})).toEqual(maker);
  });
});

describe('limitsThrough', () => {
  it('takes of each limit the tighter one', () => {
    const maker = { requestsPerSecond: 10, importsPerDay: 0, burst: 5 };
    const asked = { requestsPerSecond: 100, importsPerDay: 3, importBytesPerDay: 7, burst: 1 };

    expect(limitsThrough(maker, asked)).toEqual({
      requestsPerSecond: 10,
      importsPerDay: 0,
      importBytesPerDay: 7,
      burst: 1,
    });
  });

  it('gives no burst beyond the second that a maker without one may spend', () => {
    expect(limitsThrough({ requestsPerSecond: 10 }, { burst: 99 })).toEqual({ requestsPerSecond: 10, burst: 10 });
    expect(limitsThrough({ requestsPerSecond: 10 }, {})).toEqual({ requestsPerSecond: 10 });
  });
});
