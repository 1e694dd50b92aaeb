import { setFlagsFromString } from 'node:v8';

/**
 * How far the old generation may grow beyond what lives in it, in percent, before V8 collects all of it. Buffers count as
 * grown: V8's own choice leaves so little room that 13 MB of them bring about a full collection of 40 MB that do not change,
 * which was a third of the time of `records` in an export. Measured with a million rows: from 60 to 100 percent `export`
 * writes a file with half the CPU time; from 100 to 150 nothing gains, and each service holds 20 to 30 MB more. Set here, as
 * NODE_OPTIONS may not hold it.
 */
export function letHeapGrow(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
