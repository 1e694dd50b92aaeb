// Runs one app from its sources and starts it again when a file it imports changes.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = process.argv[2];
const app = basename(root);
// Beside a running stack, an app finds the servers and its passwords here; what is set already wins.
const envFile = join(process.env.KEYPORT_HOME ?? '.keyport', 'env', `${app}.env`);
if (existsSync(envFile)) process.loadEnvFile(envFile);

const child = spawn(
  process.execPath,
  ['--watch', '--watch-preserve-output', '--import', './tools/build/src/register.mjs', join(root, 'src/main.ts')],
  { stdio: 'inherit', env: { ...process.env, KEYPORT_APP: app } },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
