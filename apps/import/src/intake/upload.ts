/** What a reader knows about the upload it follows, and what its process learns meanwhile. */
export class Upload {
  /** Bytes that are in the spool, as far as the reader has come. */
  received = 0;
  /** Stream sequence of the last piece that a reader has done with; 0 where there is none. */
  lastRead = 0;
  /** Since when a reader has waited for more; null where it does not. */
  private waitingSince: number | null = null;
  private length: number | null;
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly importId: string,
    sealedLength: number | null,
  ) {
    this.length = sealedLength;
  }

  /** Bytes of the whole upload; null while it is not known. */
  get sealedLength(): number | null {
    return this.length;
  }

  /** Milliseconds for which a reader has waited for bytes that may come or not. */
  get idleMs(): number {
    return this.waitingSince === null || this.length !== null ? 0 : Date.now() - this.waitingSince;
  }

  /** A reader waits for more of it, or does not any more. */
  waits(isWaiting: boolean): void {
    this.waitingSince = isWaiting ? (this.waitingSince ?? Date.now()) : null;
  }

  seal(length: number): void {
    if (this.length !== null) return;
    this.length = length;
    for (const listener of [...this.listeners]) listener();
  }

  /** Calls the listener when the upload is sealed; returns how to stop that. */
  onSealed(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
