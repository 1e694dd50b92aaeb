// Which failed test files `npm test` runs a second time, with nothing beside them, and what comes of it.
import { relative } from 'node:path';

/** More files than that are no accident of a busy machine. */
const mostFiles = 3;
/** What must never break is not asked twice: the kill drills, and any test whose failure names a seed to repeat it by. */
const neverTwice = { path: /\/drills\//, message: /\bseed\b/i };

/** @typedef {import('./test-report.d.mts').JestResults} JestResults */

const failedFiles = ({ testResults }) => testResults.filter(({ status }) => status === 'failed');

const mayRunAgain = ({ name, message = '' }) => !neverTwice.path.test(name) && !neverTwice.message.test(message);

/**
 * The failed files of each task, by its id; none at all where one of them must not fail even once, or where they are many.
 *
 * @param {Map<string, { results: JestResults | undefined }>} ran
 * @returns {Map<string, string[]>}
 */
export function filesToRunAgain(ran) {
  const tasks = [...ran].flatMap(([taskId, { results }]) => {
    const files = results ? failedFiles(results) : [];
    return files.length > 0 ? [{ taskId, files }] : [];
  });
  const all = tasks.flatMap(({ files }) => files);
  if (all.length > mostFiles || !all.every(mayRunAgain)) return new Map();
  return new Map(tasks.map(({ taskId, files }) => [taskId, files.map(({ name }) => name)]));
}

/**
 * The results of a task with those of the second run in the place of the files it ran, and the tests that failed only once.
 *
 * @param {JestResults} first
 * @param {JestResults | undefined} second
 * @returns {{ results: JestResults, flaky: string[] }}
 */
export function withSecondRun(first, second) {
  const again = new Map((second?.testResults ?? []).map((file) => [file.name, file]));
  const testResults = first.testResults.map((file) => again.get(file.name) ?? file);
  const count = (...statuses) =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => statuses.includes(status))
      .length;
  return {
    results: {
      numPassedTests: count('passed'),
      numPendingTests: count('pending'),
      numTodoTests: count('todo'),
      testResults,
    },
    flaky: failedFiles(first)
      .filter(({ name }) => again.get(name)?.status === 'passed')
      .flatMap(namesOfFailures),
  };
}

function namesOfFailures({ name, assertionResults }) {
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  return failed.length > 0 ? failed.map(({ fullName }) => fullName) : [`${relative('', name)} could not run`];
}
