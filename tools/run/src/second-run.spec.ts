import { describe, expect, it } from '@jest/globals';
import { filesToRunAgain, withSecondRun } from './second-run.mjs';
import type { JestResults } from './test-report.mjs';

const file = (name: string, tests: Record<string, string>, message = '') => ({
  name,
  message,
  status: Object.values(tests).includes('failed') ? 'failed' : 'passed',
  assertionResults: Object.entries(tests).map(([fullName, status]) => ({ fullName, status })),
});

const results = (...testResults: JestResults['testResults']): JestResults => {
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (wanted: string) => all.filter(({ status }) => status === wanted).length;
  return {
    ...{ numPassedTests: count('passed'), numPendingTests: count('pending'), numTodoTests: 0 },
    testResults,
  };
};

const failed = (name: string, message?: string) => file(name, { one: 'passed', two: 'failed' }, message);

describe('filesToRunAgain', () => {
  it('are the failed ones of each task', () => {
    const files = filesToRunAgain(
      new Map([
        ['import:int', { results: results(file('/a.int.spec.ts', { one: 'passed' }), failed('/b.int.spec.ts')) }],
        ['auth:int', { results: results(file('/c.int.spec.ts', { one: 'passed' })) }],
      ]),
    );

    expect([...files]).toEqual([['import:int', ['/b.int.spec.ts']]]);
  });

  it.each<[string, JestResults['testResults']]>([
    ['more than three fail', ['/a', '/b', '/c', '/d'].map((name) => failed(name))],
    ['a drill fails', [failed('/a.int.spec.ts'), failed('/apps/e2e/src/drills/import-drill.e2e.spec.ts')]],
    ['a failure names a seed', [failed('/a', 'Property failed after 3 tests\n{ seed: -17, path: "2:1" }')]],
    ['none fails', [file('/a', { one: 'passed' })]],
  ])('are none where %s', (_, files) => {
    expect(filesToRunAgain(new Map([['import:int', { results: results(...files) }]])).size).toBe(0);
  });

  it('are none of a task that left no results', () => {
    expect(filesToRunAgain(new Map([['import:int', { results: undefined }]])).size).toBe(0);
  });
});

describe('withSecondRun', () => {
  const first = results(file('/a', { kept: 'passed' }), file('/b', { one: 'passed', two: 'failed' }));

  it('counts what passed only then as passed, and names it', () => {
    const second = results(file('/b', { one: 'passed', two: 'passed' }));

    const merged = withSecondRun(first, second);

    expect(merged.flaky).toEqual(['two']);
    expect(merged.results).toMatchObject({ numPassedTests: 3 });
    expect(merged.results.testResults.map(({ name, status }) => [name, status])).toEqual([
      ['/a', 'passed'],
      ['/b', 'passed'],
    ]);
  });

  it.each<[string, JestResults | undefined]>([
    ['another test of the file fails then', results(file('/b', { one: 'failed', two: 'passed' }))],
    ['it left no results', undefined],
    ['it ran nothing', results()],
  ])('leaves the file failed where %s', (_, second) => {
    const merged = withSecondRun(first, second);

    expect(merged.flaky).toEqual([]);
    expect(merged.results).toMatchObject({ numPassedTests: 2 });
    expect(merged.results.testResults.filter(({ status }) => status === 'failed')).toHaveLength(1);
  });

  it('names a file that could not run', () => {
    const broken = results({ name: 'src/b.ts', message: '', status: 'failed', assertionResults: [] });

    expect(withSecondRun(broken, results(file('src/b.ts', { one: 'passed' }))).flaky).toEqual([
      'src/b.ts could not run',
    ]);
  });
});
