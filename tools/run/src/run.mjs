// placeholder, owned by the stack work: brings Node 24, installs, then runs the command
import { spawnSync } from 'node:child_process';
const [command, ...rest] = process.argv.slice(2);
if (command === 'nx') process.exit(spawnSync('npx', ['nx', ...rest], { stdio: 'inherit' }).status ?? 1);
process.exit(1);
