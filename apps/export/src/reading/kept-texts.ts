import type { OpenText } from './open-text.ts';

/** Each holds a document of up to 16 MB. */
const maxKept = 2;
/** Milliseconds; whoever comes later finds the document in `records` again. */
const keepMs = 5_000;

/** Texts that were left between two of their pages, for a moment: the next page mostly comes at once. */
export class KeptTexts {
  private readonly kept = new Map<string, { readonly text: OpenText; readonly timer: NodeJS.Timeout }>();

  /** Takes it out, so that nobody else reads it meanwhile. */
  take(key: string): OpenText | undefined {
    const found = this.kept.get(key);
    if (found) this.drop(key);
    return found?.text;
  }

  keep(key: string, text: OpenText): void {
    this.drop(key);
    const timer = setTimeout(() => this.drop(key), keepMs);
    timer.unref();
    this.kept.set(key, { text, timer });
    if (this.kept.size > maxKept) this.dropOldest();
  }

  private dropOldest(): void {
    for (const key of this.kept.keys()) return this.drop(key);
  }

  private drop(key: string): void {
    clearTimeout(this.kept.get(key)?.timer);
    this.kept.delete(key);
  }
}
