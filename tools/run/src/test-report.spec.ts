import { describe, expect, it } from '@jest/globals';
import { emptyReport, lastLine, mergeResults, reportOfJest, reportOfTask, sum } from './test-report.mjs';

const results = (...tests: [fullName: string, status: string][]) => ({
  numPassedTests: tests.filter(([, status]) => status === 'passed').length,
  numPendingTests: tests.filter(([, status]) => status === 'pending').length,
  numTodoTests: 0,
  testResults: [
    {
      name: 'a.spec.ts',
      status: tests.some(([, status]) => status === 'failed') ? 'failed' : 'passed',
      assertionResults: tests.map(([fullName, status]) => ({ fullName, status })),
    },
  ],
});

describe('reportOfJest', () => {
  it('counts tests and names those that failed', () => {
    const report = reportOfJest(
      { taskId: 'codec:test', status: 1 },
      results(['one', 'passed'], ['two', 'failed'], ['three', 'pending']),
    );

    expect(report).toEqual({ passed: 1, failed: 1, skipped: 1, failures: ['codec:test: two'], flaky: [] });
  });

  it('counts a file that could not run as one failure', () => {
    const broken = { ...results(), testResults: [{ name: 'b.spec.ts', status: 'failed', assertionResults: [] }] };

    expect(reportOfJest({ taskId: 'codec:test', status: 1 }, broken)).toMatchObject({ passed: 0, failed: 1 });
  });

  it('counts a task that failed although its tests passed', () => {
    expect(reportOfJest({ taskId: 'codec:test', status: 1 }, results(['one', 'passed']))).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  it('counts a task without results as failed, whatever it says of itself', () => {
    expect(reportOfJest({ taskId: 'codec:test', status: 0 }, undefined)).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('mergeResults', () => {
  it('makes one of several runs of jest, which counts the tests of all', () => {
    const merged = mergeResults([
      results(['one', 'passed'], ['two', 'failed']),
      results(['three', 'passed'], ['four', 'pending']),
      results(),
    ]);

    expect(reportOfJest({ taskId: 'e2e:e2e', status: 1 }, merged)).toEqual({
      ...{ passed: 2, failed: 1, skipped: 1 },
      failures: ['e2e:e2e: two'],
      flaky: [],
    });
  });
});

describe('the last line', () => {
  it('adds everything up', () => {
    const report = sum([
      reportOfTask({ taskId: 'codec:lint', status: 0 }),
      reportOfTask({ taskId: 'mongo:lint', status: 1 }),
      { ...emptyReport(), passed: 10 },
    ]);

    expect(lastLine(report)).toBe('11 passed, 1 failed');
  });

  it('tells of skipped tests where there are any', () => {
    expect(lastLine({ ...emptyReport(), passed: 1, skipped: 2 })).toBe('1 passed, 0 failed, 2 skipped');
  });

  it('tells of tests that failed only once', () => {
    expect(lastLine({ ...emptyReport(), passed: 1, flaky: ['import:int: one'] })).toBe('1 passed, 0 failed, 1 flaky');
  });
});
