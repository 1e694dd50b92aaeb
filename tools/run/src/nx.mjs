import { join } from 'node:path';
import { runToEnd } from './child.mjs';
import { workspaceRoot } from './workspace.mjs';

/** nx leaves there what it ran and how each task ended. */
export const nxCache = join(workspaceRoot, '.nx', 'cache');

export const apps = ['gateway', 'auth', 'import', 'export', 'records'];

/** Runs nx; its daemon, a process that stays, only helps those who work with nx by hand. */
export function nx(args, { withDaemon = false, capture = false } = {}) {
  const env = { ...process.env, NX_CACHE_DIRECTORY: nxCache };
  if (!withDaemon || process.env.CI) env.NX_DAEMON = 'false';
  return runToEnd(process.execPath, ['node_modules/.bin/nx', ...args], { env, capture });
}
