import { KeyportError } from '@keyport/contracts';
import type { StreamTotals } from './stream-trailers.ts';

/** A page as it arrives: first where the next one begins, then its bytes, in several pieces where they are very many. */
export type PageParts = AsyncIterable<
  { next: string | null; count: number; after?: string | undefined; since?: string | undefined } | { bytes: Uint8Array }
>;

/** Pages asked for and not yet taken: enough that scanning, writing and sending overlap, and all that a client can hold. */
const credit = 3;

interface PendingPage {
  readonly bytes: Promise<Uint8Array>;
}

/**
 * Pulls pages one after another, each asked for as soon as the one before has told where it begins, with a few under way.
 * Nothing is pushed: a reader who stops reading stops the asking.
 */
export class PagePipeline {
  /** Where a later request may ask for what changed since; known with the first page. */
  since: string | undefined;
  private readonly window: PendingPage[] = [];
  /** Where the next page begins, once known and while the window is full; null at the end. */
  private following: string | null | undefined;
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
    try {
      for (let page = this.window[0]; page; page = this.window[0]) {
        const bytes = await page.bytes;
        this.window.shift();
        this.extend();
        if (bytes.length > 0) yield bytes;
      }
    } finally {
      this.stopped = true;
    }
  }

  private ask(cursor: string | undefined): void {
    this.following = undefined;
    const bytes = this.receive(cursor);
    // Seen by whoever takes the page; until then it must not count as unhandled.
    bytes.catch(() => undefined);
    this.window.push({ bytes });
  }

  private async receive(cursor: string | undefined): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let isPlaced = false;
    for await (const part of this.fetchPage(cursor)) {
      if ('bytes' in part) parts.push(part.bytes);
      else {
        isPlaced = true;
        this.since ??= part.since;
        this.following = part.next;
        this.records += part.count;
        this.after = part.after;
        this.extend();
      }
    }
    if (!isPlaced) throw new KeyportError('SERVICE_UNAVAILABLE', { service: 'export' });
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }

  private extend(): void {
    if (this.stopped || typeof this.following !== 'string' || this.window.length >= credit) return;
    this.ask(this.following);
  }
}
