import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Names the launcher in the environment of everything it starts, so that leftovers can be found (Linux: /proc). */
export const launcherVariable = 'KEYPORT_LAUNCHER';

/** When a process started, in a form that only compares; undefined where no such process runs. */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxStartTime(pid);
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the name in parentheses may hold anything; after it, field 3 is the state and field 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether the process of that start time still runs; a pid alone may have been given to another program. */
export const isRunning = (pid: number, startTime: string): boolean => startTimeOf(pid) === startTime;

/** Running processes whose environment at their start passes the test, this process left out (Linux alone can tell). */
export function processesWith(matches: (env: ReadonlyMap<string, string>) => boolean): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && startTimeOf(pid) !== undefined)
    .filter((pid) => matches(environmentOf(pid)));
}

function environmentOf(pid: number): ReadonlyMap<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  } catch {
    return new Map();
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ends processes: SIGTERM, and SIGKILL for those still there after `graceMs`. `list` is asked again each round. */
export async function endProcesses(list: () => number[], graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  const asked = new Set<number>();
  for (let left = list(); left.length > 0; left = list()) {
    for (const pid of left) {
      if (Date.now() >= deadline) signalProcess(pid, 'SIGKILL');
      else if (!asked.has(pid)) signalProcess(pid, 'SIGTERM');
      asked.add(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
