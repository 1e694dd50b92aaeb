/** Bytes as they were sent; each piece begins where the one before ends. */
export interface PackedPiece {
  readonly bytes: Uint8Array;
  /** Place in the upload. */
  readonly offset: number;
}

/** An upload on its way to readers, each of which goes on where the one before stopped. */
export class PackedBytes {
  /** Bytes given out. */
  given = 0;
  /** What the source threw. */
  failure: { readonly error: unknown } | undefined;
  private readonly source: AsyncIterator<PackedPiece>;
  /** Pieces that may not be used up. */
  private held: PackedPiece[] = [];
  private ended = false;

  constructor(pieces: AsyncIterable<PackedPiece>) {
    this.source = pieces[Symbol.asyncIterator]();
  }

  /** Everything from `offset` on; `used` says up to where the reader has used it. */
  async *from(offset: number, used: () => number): AsyncGenerator<Uint8Array, void, undefined> {
    for (const piece of [...this.held]) yield partOf(piece, offset);
    for (let piece = await this.pull(used()); piece; piece = await this.pull(used())) yield partOf(piece, offset);
  }

  /** The first bytes from `offset` on, `count` of them if there are as many. */
  async peek(offset: number, count: number): Promise<Uint8Array> {
    const parts = () => this.held.map((piece) => partOf(piece, offset).subarray(0, count));
    while (parts().reduce((length, part) => length + part.length, 0) < count && (await this.pull(offset)));
    return Buffer.concat(parts()).subarray(0, count);
  }

  close(): void {
    // Whoever waits for bytes is not waited for.
    void this.source.return?.().catch(() => undefined);
  }

  private async pull(used: number): Promise<PackedPiece | undefined> {
    this.held = this.held.filter(({ offset, bytes }) => offset + bytes.length > used);
    if (this.ended) return undefined;
    try {
      const next = await this.source.next();
      this.ended = next.done === true;
      if (next.done) return undefined;
      this.given = next.value.offset + next.value.bytes.length;
      this.held.push(next.value);
      return next.value;
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

const partOf = ({ bytes, offset }: PackedPiece, from: number): Uint8Array =>
  bytes.subarray(Math.min(bytes.length, Math.max(0, from - offset)));
