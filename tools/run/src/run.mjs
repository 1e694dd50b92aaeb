// What `npm start`, `npm test` and the other scripts run, on Node 20.19 or later with nothing installed yet: brings
// Node 24 and the packages where they are missing, and then runs the command.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runToEnd } from './child.mjs';
import { installWhereNeeded } from './install.mjs';
import { envWithNode, nodeProgram } from './node-runtime.mjs';
import { apps, nx } from './nx.mjs';
import { runTests } from './run-tests.mjs';
import { cacheFolder, say } from './workspace.mjs';

const commands = {
  start: (args) => buildThen(['tools/stack/src/main.ts', 'start', ...args]),
  dev: (args) => runSource(['tools/stack/src/main.ts', 'dev', ...args]),
  demo: (args) => buildThen(['tools/stack/src/demo/main.ts', ...args]),
  bench: async (args) => (await nx(['run', 'bench:bench', ...args])).code,
  test: runTests,
  nx: async (args) => (await nx(args, { withDaemon: true })).code,
};

async function buildThen(source) {
  say('Building the apps (nx run-many -t build)');
  const { code, output } = await nx(['run-many', '-t', 'build', `--projects=${apps.join(',')}`], { capture: true });
  if (code === 0) return runSource(source);
  process.stderr.write(output);
  return code;
}

/** Straight, not through nx (`nx run stack:start` does the same): Ctrl-C and kill then reach the launcher itself. */
const runSource = async (args) =>
  (await runToEnd(process.execPath, ['--import', './tools/build/src/register.mjs', ...args], { ipc: true })).code;

async function main([name, ...args]) {
  const command = commands[name];
  if (!command) {
    say(`usage: node tools/run/src/run.mjs ${Object.keys(commands).join('|')} [arguments]`);
    return 2;
  }
  const node = await nodeProgram();
  if (node !== process.execPath) {
    const again = [fileURLToPath(import.meta.url), name, ...args];
    return (await runToEnd(node, again, { env: envWithNode(node), ipc: true })).code;
  }
  process.env = envWithNode(node);
  // Node.js, "Module compile cache": for all that is started from here, most of it many times.
  process.env.NODE_COMPILE_CACHE ??= join(cacheFolder, 'compiled');
  await installWhereNeeded();
  return command(args);
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  say(error.message);
  process.exit(1);
}
