import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orphansOf } from '../processes/guard-link.ts';
import { endProcesses, isRunning, startTimeOf } from '../processes/process-table.ts';

interface Holder {
  readonly pid: number;
  readonly startTime: string;
}

const orphanGraceMs = 5_000;

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

function holderOf(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined;
  }
}

/** Thrown where another launcher holds the home folder; the message is for the operator. */
export class HomeInUseError extends Error {
  override readonly name = 'HomeInUseError';
}

/**
 * Takes the home folder for this process; the returned function gives it back. A lock whose process is gone (pid and
 * start time tell) is taken over, and what that launcher left running is ended first.
 */
export async function lockHome(home: string): Promise<() => Promise<void>> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'stack.lock');
  const mine = JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) });
  while (!(await linkWhole(path, mine))) await clearStale(path, home);
  await endProcesses(() => orphansOf(home), orphanGraceMs);
  return async () => {
    if ((await textOf(path)) === mine) await rm(path, { force: true });
  };
}

/** Throws where another launcher holds the home folder; takes nothing. */
export async function assertHomeIsFree(home: string): Promise<void> {
  refuseRunning(home, await textOf(join(home, 'stack.lock')));
}

function refuseRunning(home: string, lock: string | undefined): void {
  const holder = lock === undefined ? undefined : holderOf(lock);
  if (!holder || !isRunning(holder.pid, holder.startTime)) return;
  throw new HomeInUseError(
    `Keyport already runs on ${home} (process ${holder.pid}); stop it, or set KEYPORT_HOME to another folder`,
  );
}

/** Creates the file with its content at once; false where it exists. */
async function linkWhole(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function clearStale(path: string, home: string): Promise<void> {
  const found = await textOf(path);
  if (found === undefined) return;
  refuseRunning(home, found);
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  // Two may clear the same stale lock: one of them could move the other's fresh one, which then goes back.
  if (
    !(await rename(path, aside).then(
      () => true,
      () => false,
    ))
  )
    return;
  if ((await textOf(aside)) !== found) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
