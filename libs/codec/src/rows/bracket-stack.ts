/** Kinds are kept so far down only; deeper brackets are counted. Rows nest 100 deep at most, so this is for bad ones. */
const keptDepth = 1024;

/** The brackets that are open. */
export class BracketStack {
  depth = 0;
  private readonly kinds = new Uint8Array(keptDepth);
  private squares = 0;

  clear(): void {
    this.depth = this.squares = 0;
  }

  push(kind: number): void {
    if (this.depth < keptDepth) this.kinds[this.depth] = kind;
    this.depth++;
    if (kind === 0x5b) this.squares++;
  }

  has(kind: number): boolean {
    return kind === 0x5b ? this.squares > 0 : this.depth > this.squares;
  }

  /** Closes the innermost bracket of the kind and those inside it that were left open; nothing where there is none. */
  closeUpTo(kind: number): void {
    if (!this.has(kind)) return;
    while (this.depth > 0) {
      const closed = --this.depth < keptDepth ? this.kinds[this.depth]! : kind;
      if (closed === 0x5b && this.squares > 0) this.squares--;
      if (closed === kind) return;
    }
  }
}
