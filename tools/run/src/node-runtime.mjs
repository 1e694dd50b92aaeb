import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { runToEnd } from './child.mjs';
import { cacheFolder, say } from './workspace.mjs';

/** The Node that Keyport runs on where the machine's own is older. */
const nodeVersion = '24.21.0';
const oldestMajor = 24;

/** Path of a Node that is new enough: this process's own, or one from npm in the cache. */
export async function nodeProgram() {
  if (Number(process.versions.node.split('.')[0]) >= oldestMajor) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder, `${name}-${nodeVersion}`);
  const program = join(folder, 'bin', 'node');
  if (existsSync(program)) return program;
  say(`Node ${process.versions.node} is older than ${oldestMajor}: bringing ${name}@${nodeVersion} from npm`);
  await mkdir(cacheFolder, { recursive: true });
  const temporary = await mkdtemp(join(cacheFolder, '.node-'));
  try {
    await npmInstall(temporary, `${name}@${nodeVersion}`);
    // Another process may have been faster: its folder is as good as ours.
    await rename(join(temporary, 'node_modules', name), folder).catch((error) => {
      if (!existsSync(program)) throw error;
    });
    return program;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function npmInstall(prefix, requirement) {
  const options = ['--no-save', '--package-lock=false', '--no-audit', '--no-fund', '--ignore-scripts'];
  // A prefix of its own also outside of this workspace, whose variables npm has set for us.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(config_local_prefix|package_)/.test(name)),
  );
  const { code, output } = await runToEnd('npm', ['install', '--prefix', prefix, ...options, requirement], {
    env,
    capture: true,
  });
  if (code !== 0) {
    throw new Error(`npm could not bring ${requirement}; install Node ${oldestMajor} or later yourself\n${output}`);
  }
}

/** The environment in which `node`, also as npm's and nx's child, is that program. */
export const envWithNode = (program) => ({
  ...process.env,
  PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ''}`,
});
