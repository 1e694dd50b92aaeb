import type { Export, ExportProgress } from '@keyport/contracts';
import { overallRate, RateWindow } from '../watching/rate-window.ts';

/** A completed one becomes `expired` later, and tells nothing by that to who follows its progress. */
export const hasEnded = ({ state }: Export): boolean => state !== 'queued' && state !== 'running';

/** Says what an event tells of an export that is watched, `at` milliseconds by the clock of who watches. */
export function exportTeller(): (seen: Export, at: number) => ExportProgress {
  const window = new RateWindow();
  return (seen, at) => {
    const work = { rows: seen.counts.written, bytes: seen.bytes };
    return { export: seen, rate: hasEnded(seen) ? overallRate(seen, work) : window.after(work, at) };
  };
}
