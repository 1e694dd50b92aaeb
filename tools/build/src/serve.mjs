// Runs one app from its sources and starts it again when a file it imports changes.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const child = spawn(
  process.execPath,
  [
    '--watch',
    '--watch-preserve-output',
    '--import',
    './tools/build/src/register.mjs',
    join(process.argv[2], 'src/main.ts'),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
