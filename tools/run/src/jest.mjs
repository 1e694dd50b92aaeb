// Runs one layer of one project's tests and leaves the result where `npm test` counts it.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const [layer, project, root, ...rest] = process.argv.slice(2);
mkdirSync('tmp/jest', { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...['--config', 'jest.config.mjs', '--rootDir', root, '--passWithNoTests'],
    ...['--json', '--outputFile', `tmp/jest/${project}-${layer}.json`],
    ...rest,
  ],
  { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, KEYPORT_TEST_LAYER: layer } },
);
process.exit(status ?? 1);
