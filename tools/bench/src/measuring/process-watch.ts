import { readFile, writeFile } from 'node:fs/promises';
import { spreadOf } from './statistics.ts';

export interface ProcessFigures {
  /** Highest resident memory between start and stop, in 10^6 bytes. */
  readonly peakMb: number;
  /** User and system time between start and stop, all threads. */
  readonly cpuSeconds: number;
}

export type Pids = Readonly<Record<string, readonly number[]>>;

/** proc(5): times in stat count in USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** proc(5): sets the peak (VmHWM) back to the memory of the moment. */
const resetPeak = '5';
const sampleEveryMs = 50;

interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly cpuBefore: number;
  readonly isReset: boolean;
  sampledKb: number;
}

/**
 * Peak memory and CPU time of processes (Linux: /proc). Where a peak cannot be set back, memory is sampled instead,
 * which may miss a short peak.
 */
export class ProcessWatch {
  private readonly timer: NodeJS.Timeout | undefined;

  private constructor(private readonly watched: readonly Watched[]) {
    const sampled = watched.filter(({ isReset }) => !isReset);
    if (sampled.length > 0) this.timer = setInterval(() => void sample(sampled), sampleEveryMs);
  }

  static async start(pids: Pids): Promise<ProcessWatch> {
    const all = Object.entries(pids).flatMap(([name, list]) => list.map((pid) => ({ name, pid })));
    return new ProcessWatch(await Promise.all(all.map(({ name, pid }) => begin(name, pid))));
  }

  /** Figures by name; of a name's several processes the highest memory and the CPU time of all. Throws where one is gone. */
  async stop(): Promise<Record<string, ProcessFigures>> {
    clearInterval(this.timer);
    const figures: Record<string, ProcessFigures> = {};
    for (const one of this.watched) {
      const status = await readFile(`/proc/${one.pid}/status`, 'utf8').catch((cause: unknown) => {
        throw new Error(`${one.name} (process ${one.pid}) died during the run`, { cause });
      });
      const peakKb = one.isReset ? kilobytesIn(status, 'VmHWM') : one.sampledKb;
      const cpuSeconds = (await cpuSecondsOf(one.pid)) - one.cpuBefore;
      const before = figures[one.name] ?? { peakMb: 0, cpuSeconds: 0 };
      figures[one.name] = {
        peakMb: Math.max(before.peakMb, (peakKb * 1024) / 1e6),
        cpuSeconds: before.cpuSeconds + cpuSeconds,
      };
    }
    return figures;
  }
}

async function begin(name: string, pid: number): Promise<Watched> {
  const isReset = await writeFile(`/proc/${pid}/clear_refs`, resetPeak).then(
    () => true,
    () => false,
  );
  return { name, pid, isReset, cpuBefore: await cpuSecondsOf(pid), sampledKb: 0 };
}

async function sample(watched: readonly Watched[]): Promise<void> {
  for (const one of watched) {
    const status = await readFile(`/proc/${one.pid}/status`, 'utf8').catch(() => '');
    one.sampledKb = Math.max(one.sampledKb, kilobytesIn(status, 'VmRSS'));
  }
}

async function cpuSecondsOf(pid: number): Promise<number> {
  return cpuSecondsIn(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** proc(5): the name in parentheses may hold anything; after it, field 3 is the state, 14 and 15 the times. */
export function cpuSecondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function kilobytesIn(status: string, field: 'VmHWM' | 'VmRSS'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
}

/** Of several runs, by name: the highest memory, the median CPU time. */
export function summaryOf(runs: readonly Readonly<Record<string, ProcessFigures>>[]): Record<string, ProcessFigures> {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))];
  return Object.fromEntries(
    names.map((name) => {
      const figures = runs.flatMap((run) => run[name] ?? []);
      const peakMb = Math.max(...figures.map((one) => one.peakMb));
      return [name, { peakMb, cpuSeconds: spreadOf(figures.map((one) => one.cpuSeconds)).median }];
    }),
  );
}
