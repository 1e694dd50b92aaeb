import { isDeepStrictEqual } from 'node:util';
import type { ScannedPage } from './scanned-page.ts';

/** Each holds about a page. Two streams keep the process busy; more of them have always one whose page is there. */
const maxWaiting = 2;
/** Milliseconds; the next page of a running stream is asked for within some 20. */
const waitMs = 500;
/** Pages are read ahead while most are asked for: each that was adds one, up to so many, each that was not takes two. */
const fullTrust = 8;
/** Else one in so many is tried. */
const retryEvery = 32;

/** All that a page depends on but what the dataset holds: only who asks for the very same is given one. */
export type PageKey = object;

interface Waiting {
  readonly key: PageKey;
  readonly page: Promise<ScannedPage>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Pages that are read before they are asked for, while the ones before them are being sent, so that MongoDB reads as they
 * travel. A cursor is sealed, so nobody comes for a page but who was told where it begins. Whoever stops costs one page
 * read in vain, kept for a moment; where nobody comes for every second of them, as beside another process that
 * answers in turns, almost none is read.
 */
export class PagesAhead {
  private readonly waiting = new Map<string, Waiting>();
  private trust = fullTrust;
  private skipped = 0;

  /** The page that begins at the cursor, where it is being read or was; once. */
  take(cursor: Uint8Array, key: PageKey): Promise<ScannedPage> | undefined {
    const name = nameOf(cursor);
    const found = this.waiting.get(name);
    if (!found) return undefined;
    clearTimeout(found.timer);
    this.waiting.delete(name);
    if (!isDeepStrictEqual(found.key, key)) return undefined;
    this.trust = Math.min(this.trust + 1, fullTrust);
    return found.page;
  }

  /** Begins to read the page, unless there are many, or they were read in vain. */
  begin(cursor: Uint8Array, key: PageKey, read: () => Promise<ScannedPage>): void {
    if (this.waiting.size >= maxWaiting || !this.isWorthIt()) return;
    const page = read();
    // Seen by whoever comes for it.
    page.catch(() => undefined);
    const name = nameOf(cursor);
    const timer = setTimeout(() => this.giveUp(name), waitMs);
    timer.unref();
    this.waiting.set(name, { key, page, timer });
  }

  private giveUp(name: string): void {
    this.waiting.delete(name);
    this.trust = Math.max(this.trust - 2, 0);
  }

  private isWorthIt(): boolean {
    if (this.trust > 0) return true;
    this.skipped = (this.skipped + 1) % retryEvery;
    return this.skipped === 0;
  }
}

const nameOf = (cursor: Uint8Array): string => Buffer.from(cursor).toString('latin1');
