import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** Of the last minute before anything was started. */
  readonly load: number;
}

export function readMachine(): Machine {
  // A container may get less than the machine has; without a limit constrainedMemory is 0 or beyond all memory.
  const limit = process.constrainedMemory() || Infinity;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.min(totalmem(), limit) / 1e9,
    kernel: `${type()} ${release()}`,
    load: loadavg()[0] ?? 0,
  };
}
