export interface Rate {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface Work {
  readonly rows: number;
  readonly bytes: number;
}

interface Sample extends Work {
  readonly at: number;
}

const windowMs = 10_000;
/** A shorter time says little: rows are counted many at once. */
const leastMs = 1_000;

/** How fast a job gets on, from what was seen of it over the last ten seconds. */
export class RateWindow {
  private samples: Sample[] = [];

  /** What comes next is measured anew. */
  forget(): void {
    this.samples = [];
  }

  /** `at`: milliseconds by the clock of who watches. Null where it was not watched long enough. */
  after(work: Work, at: number): Rate | null {
    this.samples = this.samples.filter((sample) => sample.at >= at - windowMs);
    this.samples.push({ at, ...work });
    const [first] = this.samples;
    if (!first || at - first.at < leastMs) return null;
    return perSecond({ rows: work.rows - first.rows, bytes: work.bytes - first.bytes }, at - first.at);
  }
}

export interface Times {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Of a job that has ended, over all of its time; null where it never ran. */
export function overallRate({ startedAt, finishedAt }: Times, work: Work): Rate | null {
  if (startedAt === null || finishedAt === null) return null;
  const ms = Date.parse(finishedAt) - Date.parse(startedAt);
  return ms > 0 ? perSecond(work, ms) : null;
}

const perSecond = ({ rows, bytes }: Work, ms: number): Rate => ({
  rowsPerSecond: Math.round((rows * 1000) / ms),
  bytesPerSecond: Math.round((bytes * 1000) / ms),
});
