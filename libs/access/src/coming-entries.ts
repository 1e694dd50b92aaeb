import type { RevocationEntry } from '@keyport/contracts';

interface Coming extends RevocationEntry {
  readonly from: number;
}

/** Revocations that hold from a later moment on: few, such as tokens that live on for a while after they were replaced. */
export class ComingEntries {
  private readonly entries = new Map<string, Coming & { readonly reading: number }>();
  private reading = 0;

  put(key: string, entry: Coming): void {
    this.entries.set(key, { ...entry, reading: this.reading });
  }

  remove(key: string): void {
    this.entries.delete(key);
  }

  /** Those whose moment has come; `now` in seconds since the epoch. */
  takeDue(now: number): [string, RevocationEntry][] {
    if (this.entries.size === 0) return [];
    const due = [...this.entries].filter(([, { from }]) => from <= now);
    for (const [key] of due) this.entries.delete(key);
    return due;
  }

  beginReading(): void {
    this.reading += 1;
  }

  /** Drops what the reading has not shown. */
  endReading(): void {
    for (const [key, { reading }] of this.entries) if (reading !== this.reading) this.entries.delete(key);
  }
}
