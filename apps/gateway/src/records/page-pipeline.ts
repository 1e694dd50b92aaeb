import { KeyportError } from '@keyport/contracts';
import type { StreamTotals } from './stream-trailers.ts';

/** A page as it arrives: first where the next one begins, then its bytes, in several pieces where they are very many. */
export type PageParts = AsyncIterable<PagePlace | { bytes: Uint8Array }>;

export interface PagePlace {
  readonly next: string | null;
  readonly count: number;
  readonly after?: string | undefined;
  readonly since?: string | undefined;
}

/** Pages asked for and not yet taken: enough that scanning, writing and sending overlap. */
const credit = 3;

/** Milliseconds after which pages that wait for a client who reads nothing are given back, and asked for again later. */
const patienceMs = 1_000;

interface PendingPage {
  /** What it was asked for with; undefined of the first one. */
  readonly cursor: string | undefined;
  readonly bytes: Promise<readonly Uint8Array[]>;
  /** Once it has begun to arrive. */
  place: PagePlace | undefined;
}

/**
 * Pulls pages one after another, each asked for as soon as the one before has told where it begins, with a few under way.
 * Nothing is pushed: a reader who stops reading stops the asking, and holds no page but the one that it was given.
 */
export class PagePipeline {
  /** Where a later request may ask for what changed since; known with the first page. */
  since: string | undefined;
  private window: PendingPage[] = [];
  /** Where the next page begins, once known and while the window is full; null at the end. */
  private following: string | null | undefined;
  /** How many pages may wait: none for a client that was slow with the last one. */
  private ahead = credit;
  private stopped = false;
  private records = 0;
  private after: string | undefined;

  constructor(private readonly fetchPage: (cursor: string | undefined) => PageParts) {
    this.ask(undefined);
  }

  /** The first page is there, whether it holds any bytes or not; or it failed. */
  async begun(): Promise<void> {
    await this.window[0]?.bytes;
  }

  /** Of all pages, once they were all taken. */
  get totals(): StreamTotals {
    return { count: this.records, after: this.after };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    let waiting: NodeJS.Timeout | undefined;
    try {
      for (let page = this.window[0]; page; page = this.window[0]) {
        const pieces = await page.bytes;
        this.take(page);
        if (pieces.length > 0) {
          this.ahead = credit;
          waiting = setTimeout(() => this.giveBack(), patienceMs);
          yield* pieces;
          clearTimeout(waiting);
        }
        this.extend(1);
      }
    } finally {
      clearTimeout(waiting);
      this.stopped = true;
    }
  }

  private take({ place }: PendingPage): void {
    this.window.shift();
    this.records += place?.count ?? 0;
    this.after = place?.after;
    this.extend();
  }

  /** Nothing of these pages was sent: whoever reads on gets them anew from where the first of them begins. */
  private giveBack(): void {
    this.ahead = 0;
    const cursor = this.window[0]?.cursor;
    if (cursor === undefined) return;
    this.window = [];
    this.following = cursor;
  }

  private ask(cursor: string | undefined): void {
    this.following = undefined;
    const { promise: bytes, resolve } = Promise.withResolvers<readonly Uint8Array[]>();
    const page: PendingPage = { cursor, bytes, place: undefined };
    this.window.push(page);
    resolve(this.receive(page));
    // Seen by whoever takes the page; until then it must not count as unhandled.
    bytes.catch(() => undefined);
  }

  private async receive(page: PendingPage): Promise<readonly Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for await (const part of this.fetchPage(page.cursor)) {
      if ('next' in part) this.place(page, part);
      else if (part.bytes.length > 0) pieces.push(part.bytes);
    }
    if (!page.place) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'export' });
    return pieces;
  }

  private place(page: PendingPage, place: PagePlace): void {
    page.place = place;
    // One that was given back meanwhile has nothing behind it.
    if (this.window.at(-1) !== page) return;
    this.since ??= place.since;
    this.following = place.next;
    this.extend();
  }

  private extend(least = 0): void {
    if (this.stopped || typeof this.following !== 'string') return;
    if (this.window.length < Math.max(least, this.ahead)) this.ask(this.following);
  }
}
