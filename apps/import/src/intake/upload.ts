/** What a reader knows about the upload it follows, and what its process learns meanwhile. */
export class Upload {
  /** Bytes that are in the spool, as far as the reader has come. */
  received = 0;
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
