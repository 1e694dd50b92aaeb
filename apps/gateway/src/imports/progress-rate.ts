import type { Import, ImportProgress } from '@keyport/contracts';
import { overallRate, RateWindow, type Rate, type Work } from '../watching/rate-window.ts';
import { isFinal } from './import-waiter.ts';

/** What an event tells of an import that is watched. */
export class ProgressRate {
  private readonly window = new RateWindow();

  /** `at`: milliseconds by the clock of who watches. */
  after(seen: Import, at: number): ImportProgress {
    if (isFinal(seen)) {
      const remainingSeconds = seen.state === 'completed' ? 0 : null;
      return { import: seen, rate: overallRate(seen, workOf(seen)), remainingSeconds };
    }
    // A pause is not slowness: what comes after it is measured anew.
    if (seen.state === 'paused') this.window.forget();
    const rate = this.window.after(workOf(seen), at);
    return { import: seen, rate, remainingSeconds: remainingOf(seen, rate) };
  }
}

const workOf = ({ counts, bytes }: Import): Work => ({ rows: counts.read, bytes: bytes.processed });

/** Known once all of the upload is there. */
function remainingOf({ state, bytes }: Import, rate: Rate | null): number | null {
  if (state !== 'processing' || !rate || rate.bytesPerSecond === 0) return null;
  return Math.ceil((bytes.received - bytes.processed) / rate.bytesPerSecond);
}
