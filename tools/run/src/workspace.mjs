import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** Downloads, safe to delete; tools/stack keeps the servers' programs there too. */
export const cacheFolder =
  process.env.KEYPORT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keyport');

export const say = (line) => process.stderr.write(`${line}\n`);
