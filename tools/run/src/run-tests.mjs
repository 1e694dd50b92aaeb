import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installChromiumWhereNeeded } from './chromium.mjs';
import { nx, nxCache } from './nx.mjs';
import { emptyReport, lastLine, reportOfJest, reportOfTask, sum } from './test-report.mjs';
import { say, workspaceRoot } from './workspace.mjs';

const resultsFolder = join(workspaceRoot, 'tmp', 'jest');

/**
 * The parts of `npm test` in their order; `layer` names those that run jest. Tests that talk to servers wait more than they
 * work: three projects of them fill two cores.
 */
const parts = {
  lint: { target: 'lint', nx: ['run-many', '-t', 'lint'] },
  typecheck: { target: 'typecheck', nx: ['run', 'keyport:typecheck'] },
  unit: { target: 'test', nx: ['run-many', '-t', 'test'], layer: 'unit' },
  int: { target: 'int', nx: ['run-many', '-t', 'int', '--parallel=3'], layer: 'int' },
  e2e: { target: 'e2e', nx: ['run', 'e2e:e2e'], layer: 'e2e', prepare: installChromiumWhereNeeded },
};

/** `npm test [-- part… [nx arguments]]`: runs all parts, whatever fails, and ends with the count. */
export async function runTests(args) {
  const named = args.filter((arg) => arg in parts);
  const nxArguments = args.filter((arg) => !(arg in parts));
  rmSync(resultsFolder, { recursive: true, force: true });
  const reports = [];
  for (const name of named.length > 0 ? named : Object.keys(parts)) reports.push(await runPart(name, nxArguments));
  const report = sum(reports);
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
  const report = sum(tasks.map((task) => reportOf(task, part)));
  if (report.failed === 0 && (code !== 0 || !tasks.some(({ target }) => target === part.target))) {
    return sum([report, { ...emptyReport(), failed: 1, failures: [`${name} did not run to its end`] }]);
  }
  say(lastLine(report));
  return report;
}

/** Tasks that a part only needs, such as builds, count where they fail. */
function reportOf(task, { target, layer }) {
  if (task.target !== target) return task.status === 0 ? emptyReport() : reportOfTask(task);
  if (!layer) return reportOfTask(task);
  return reportOfJest(task, readJson(join(resultsFolder, `${task.projectName}-${layer}.json`)));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
