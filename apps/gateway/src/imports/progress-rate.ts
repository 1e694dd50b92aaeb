import type { Import, ImportProgress } from '@keyport/contracts';
import { isFinal } from './import-waiter.ts';

interface Sample {
  readonly at: number;
  readonly rows: number;
  readonly bytes: number;
}

const windowMs = 10_000;
/** A shorter time says little: rows are counted many at once. */
const leastMs = 1_000;

/** How fast an import gets on, from what was seen of it over the last ten seconds. */
export class ProgressRate {
  private samples: Sample[] = [];

  /** `at`: milliseconds by the clock of who watches. */
  after(seen: Import, at: number): ImportProgress {
    if (isFinal(seen)) {
      return { import: seen, rate: overall(seen), remainingSeconds: seen.state === 'completed' ? 0 : null };
    }
    // A pause is not slowness: what comes after it is measured anew.
    if (seen.state === 'paused') this.samples = [];
    this.samples = this.samples.filter((sample) => sample.at >= at - windowMs);
    this.samples.push({ at, rows: seen.counts.read, bytes: seen.bytes.processed });
    const rate = between(this.samples[0], this.samples.at(-1));
    return { import: seen, rate, remainingSeconds: remainingOf(seen, rate) };
  }
}

type Rate = ImportProgress['rate'];

function between(first: Sample | undefined, last: Sample | undefined): Rate {
  if (!first || !last || last.at - first.at < leastMs) return null;
  return perSecond(last.rows - first.rows, last.bytes - first.bytes, last.at - first.at);
}

/** Of an import that has ended, over all of its time. */
function overall({ startedAt, finishedAt, counts, bytes }: Import): Rate {
  if (startedAt === null || finishedAt === null) return null;
  const ms = Date.parse(finishedAt) - Date.parse(startedAt);
  return ms > 0 ? perSecond(counts.read, bytes.processed, ms) : null;
}

const perSecond = (rows: number, bytes: number, ms: number): Rate => ({
  rowsPerSecond: Math.round((rows * 1000) / ms),
  bytesPerSecond: Math.round((bytes * 1000) / ms),
});

/** Known once all of the upload is there. */
function remainingOf({ state, bytes }: Import, rate: Rate): number | null {
  if (state !== 'processing' || !rate || rate.bytesPerSecond === 0) return null;
  return Math.ceil((bytes.received - bytes.processed) / rate.bytesPerSecond);
}
