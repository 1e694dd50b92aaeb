import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from './child.mjs';
import { say, workspaceRoot } from './workspace.mjs';

const betweenLooksMs = 500;

/**
 * Runs `npm ci` where node_modules does not hold what package-lock.json wants. npm writes what it has installed to
 * node_modules/.package-lock.json as its last act, so half an install never counts.
 */
export async function installWhereNeeded() {
  if (isInstalled()) return;
  const unlock = await lockInstall();
  try {
    if (isInstalled()) return;
    say('Installing packages (npm ci)');
    const { code } = await runToEnd('npm', ['ci', '--no-audit', '--no-fund']);
    if (code !== 0) throw new Error('npm ci failed');
  } finally {
    unlock();
  }
}

function packagesIn(path) {
  try {
    return JSON.parse(readFileSync(join(workspaceRoot, path), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

const isInstalled = () => covers(packagesIn('node_modules/.package-lock.json'), packagesIn('package-lock.json') ?? {});

/** Whether every wanted package is installed in its version; those of other platforms are optional. */
export function covers(installed, wanted) {
  if (!installed) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) =>
      !path.includes('node_modules/') ||
      optional === true ||
      (installed[path] !== undefined && (link === true || installed[path].version === version)),
  );
}

/** `npm ci` begins by deleting node_modules: two at once would pull it from under each other. */
async function lockInstall() {
  const path = join(workspaceRoot, 'tmp', 'install.lock');
  mkdirSync(join(workspaceRoot, 'tmp'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isHeld(path)) rmSync(path, { force: true });
    await new Promise((resolve) => setTimeout(resolve, betweenLooksMs));
  }
}

function isHeld(path) {
  try {
    process.kill(Number(readFileSync(path, 'utf8')) || -1, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
