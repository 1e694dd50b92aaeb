import { readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { runToEnd } from './child.mjs';
import { installChromiumWhereNeeded } from './chromium.mjs';
import { nx, nxCache } from './nx.mjs';
import { filesToRunAgain, withSecondRun } from './second-run.mjs';
import { emptyReport, lastLine, reportOfJest, reportOfTask, sum } from './test-report.mjs';
import { say, workspaceRoot } from './workspace.mjs';

const resultsFolder = join(workspaceRoot, 'tmp', 'jest');

/**
 * The parts of `npm test` in their order; `layer` names those that run jest. Tests that talk to servers wait more than they
 * work: three projects of them fill two cores, and what fails there gets a second run (second-run.mjs).
 */
const parts = {
  lint: { target: 'lint', nx: ['run-many', '-t', 'lint'] },
  typecheck: { target: 'typecheck', nx: ['run', 'keyport:typecheck'] },
  unit: { target: 'test', nx: ['run-many', '-t', 'test'], layer: 'unit' },
  int: { target: 'int', nx: ['run-many', '-t', 'int', '--parallel=3'], layer: 'int', runsAgain: true },
  e2e: {
    target: 'e2e',
    nx: ['run', 'e2e:e2e'],
    layer: 'e2e',
    runsAgain: true,
    prepare: installChromiumWhereNeeded,
  },
};

/** `npm test [-- part… [nx arguments]]`: runs all parts, whatever fails, and ends with the count. */
export async function runTests(args) {
  const named = args.filter((arg) => arg in parts);
  const nxArguments = args.filter((arg) => !(arg in parts));
  rmSync(resultsFolder, { recursive: true, force: true });
  const reports = [];
  for (const name of named.length > 0 ? named : Object.keys(parts)) reports.push(await runPart(name, nxArguments));
  const report = sum(reports);
  for (const line of report.flaky) process.stdout.write(`flaky: ${line}\n`);
  for (const line of report.failures) process.stdout.write(`failed: ${line}\n`);
  process.stdout.write(`${lastLine(report)}\n`);
  return report.failed === 0 ? 0 : 1;
}

async function runPart(name, nxArguments) {
  const part = parts[name];
  say(`\n${name}`);
  await part.prepare?.();
  const runFile = join(nxCache, 'run.json');
  rmSync(runFile, { force: true });
  const { code } = await nx([...part.nx, ...nxArguments]);
  const tasks = readJson(runFile)?.tasks ?? [];
  const ran = new Map(tasks.map((task) => [task.taskId, { task, results: resultsOf(task, part) }]));
  const flaky = part.runsAgain ? await runAgain(ran, part.layer) : [];
  const report = sum([...[...ran.values()].map((one) => reportOf(one, part)), { ...emptyReport(), flaky }]);
  const ended = code === 0 || flaky.length > 0;
  if (report.failed === 0 && !(ended && tasks.some(({ target }) => target === part.target))) {
    return sum([report, { ...emptyReport(), failed: 1, failures: [`${name} did not run to its end`] }]);
  }
  say(lastLine(report));
  return report;
}

/** Runs failed files again, with nothing beside them, corrects `ran`, and resolves with the tests that failed only once. */
async function runAgain(ran, layer) {
  const flaky = [];
  for (const [taskId, files] of filesToRunAgain(ran)) {
    const { task, results } = ran.get(taskId);
    say(`\na second run, with nothing beside it: ${files.map((file) => relative(workspaceRoot, file)).join(', ')}`);
    const root = relative(workspaceRoot, files[0]).split(sep).slice(0, 2).join('/');
    const command = ['tools/run/src/jest.mjs', layer, task.projectName, root, ...files.map(exactly)];
    const { code } = await runToEnd(process.execPath, command);
    const merged = withSecondRun(results, readJson(resultFile(task.projectName, layer)));
    ran.set(taskId, { task: { ...task, status: code }, results: merged.results });
    flaky.push(...merged.flaky.map((test) => `${taskId}: ${test}`));
  }
  return flaky;
}

/** jest takes patterns of paths. */
const exactly = (path) => `^${path.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;

const resultsOf = ({ target, projectName }, part) =>
  part.layer && target === part.target ? readJson(resultFile(projectName, part.layer)) : undefined;

/** Tasks that a part only needs, such as builds, count where they fail. */
function reportOf({ task, results }, { target, layer }) {
  if (task.target !== target) return task.status === 0 ? emptyReport() : reportOfTask(task);
  return layer ? reportOfJest(task, results) : reportOfTask(task);
}

const resultFile = (project, layer) => join(resultsFolder, `${project}-${layer}.json`);

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
