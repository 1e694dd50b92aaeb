import { describe, expect, it } from '@jest/globals';
import { readParameters } from './parameters.ts';

describe('readParameters', () => {
  it('measures everything with a million rows and writes the committed report by default', () => {
    expect(readParameters([], {})).toEqual({
      rows: 1_000_000,
      megabytes: undefined,
      scale: 1,
      rounds: 3,
      seed: 42,
      parts: ['import', 'csv', 'export', 'file', 'csv-export', 'me', 'auth', 'events'],
      profile: undefined,
      out: 'docs/benchmarks.md',
    });
  });

  it('prefers a flag to its variable', () => {
    const env = { KEYPORT_BENCH_ROWS: '5000', KEYPORT_BENCH_ROUNDS: '2' };

    expect(readParameters(['--rows', '7000'], env)).toMatchObject({ rows: 7000, rounds: 2 });
  });

  it.each([[['--rows=100000']], [['--parts=import,me']], [['--megabytes=5000']]])(
    'keeps a smaller run (%s) out of the committed report',
    (args) => {
      expect(readParameters(args, {}).out).toBe('tmp/benchmarks.md');
    },
  );

  it('takes the size of the files and how many times as large the larger ones are', () => {
    expect(readParameters(['--megabytes=5000', '--scale=10'], {})).toMatchObject({ megabytes: 5000, scale: 10 });
  });

  it('names every fault at once', () => {
    expect(() => readParameters(['--rows=many', '--parts=imports', '--profile=mongod', '--scale=0'], {})).toThrow(
      /profile wants.*parts wants.*not imports.*rows wants.*scale wants/,
    );
  });
});
