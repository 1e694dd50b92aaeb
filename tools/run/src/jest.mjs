// Runs one layer of one project's tests and leaves the result where `npm test` counts it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mergeResults } from './test-report.mjs';

const [layer, project, root, ...rest] = process.argv.slice(2);
/** jest.config.mjs says which tests have a turn of their own. */
const turns = layer === 'e2e' ? ['beside', 'alone'] : ['only'];
const resultFile = (name) => `tmp/jest/${name}.json`;

function runTurn(turn) {
  const outputFile = resultFile(turns.length > 1 ? `${project}-${layer}.${turn}` : `${project}-${layer}`);
  rmSync(outputFile, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      ...['--config', 'jest.config.mjs', '--rootDir', root, '--passWithNoTests'],
      ...['--json', '--outputFile', outputFile],
      ...rest,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, KEYPORT_TEST_LAYER: layer, KEYPORT_TEST_TURN: turn },
    },
  );
  return { status: status ?? 1, outputFile };
}

mkdirSync('tmp/jest', { recursive: true });
rmSync(resultFile(`${project}-${layer}`), { force: true });
const ran = turns.map(runTurn);
if (ran.length > 1) {
  const results = ran.map(({ outputFile }) => JSON.parse(readFileSync(outputFile, 'utf8')));
  writeFileSync(resultFile(`${project}-${layer}`), JSON.stringify(mergeResults(results)));
  for (const { outputFile } of ran) rmSync(outputFile, { force: true });
}
process.exit(Math.max(...ran.map(({ status }) => status)));
