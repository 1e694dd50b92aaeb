// Turns what nx and jest left behind into one count.

/** @typedef {{ passed: number, failed: number, skipped: number, failures: string[], flaky: string[] }} Report */

/** @returns {Report} */
export const emptyReport = () => ({ passed: 0, failed: 0, skipped: 0, failures: [], flaky: [] });

const failure = (text) => ({ ...emptyReport(), failed: 1, failures: [text] });

/** @param {Report[]} reports @returns {Report} */
export const sum = (reports) => ({
  passed: reports.reduce((total, { passed }) => total + passed, 0),
  failed: reports.reduce((total, { failed }) => total + failed, 0),
  skipped: reports.reduce((total, { skipped }) => total + skipped, 0),
  failures: reports.flatMap(({ failures }) => failures),
  flaky: reports.flatMap(({ flaky }) => flaky),
});

/** One task that passes or fails as a whole, such as lint. */
export const reportOfTask = ({ taskId, status }) =>
  status === 0 ? { ...emptyReport(), passed: 1 } : failure(`${taskId} failed`);

/** One task that ran jest, with the result file it left, if it left one. */
export function reportOfJest({ taskId, status }, results) {
  if (!results) return failure(`${taskId} left no test results`);
  const broken = results.testResults.filter(
    ({ status: suite, assertionResults }) =>
      suite === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = results.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((test) => test.status === 'failed'),
  );
  const report = {
    passed: results.numPassedTests,
    failed: failed.length + broken.length,
    skipped: results.numPendingTests + results.numTodoTests,
    failures: [
      ...failed.map(({ fullName }) => `${taskId}: ${fullName}`),
      ...broken.map(({ name }) => `${taskId}: ${name} could not run`),
    ],
    flaky: [],
  };
  // Something besides the tests went wrong, such as a process that ended early.
  return report.failed === 0 && status !== 0 ? sum([report, failure(`${taskId} failed`)]) : report;
}

/** The result files of several runs of jest over one project, as one. */
export const mergeResults = (all) => ({
  numPassedTests: all.reduce((total, { numPassedTests }) => total + numPassedTests, 0),
  numPendingTests: all.reduce((total, { numPendingTests }) => total + numPendingTests, 0),
  numTodoTests: all.reduce((total, { numTodoTests }) => total + numTodoTests, 0),
  testResults: all.flatMap(({ testResults }) => testResults),
});

/** @param {Report} report */
export const lastLine = ({ passed, failed, skipped, flaky }) =>
  [
    `${passed} passed, ${failed} failed`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(flaky.length > 0 ? [`${flaky.length} flaky`] : []),
  ].join(', ');
