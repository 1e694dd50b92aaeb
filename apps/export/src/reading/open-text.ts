import { setImmediate as nextTurn } from 'node:timers/promises';

/** Bytes of a page within a large document, as those of any other page. */
const pageBytes = 1024 * 1024;

export interface TextPage {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** The text of a large document, of which pages are taken one after another. */
export class OpenText {
  private pieces: Iterator<Uint8Array>;
  /** Bytes of the text that were taken from the pieces. */
  private at = 0;
  /** What was taken and not given yet. */
  private rest: Uint8Array = new Uint8Array();

  constructor(private readonly write: () => Iterator<Uint8Array>) {
    this.pieces = write();
  }

  /** The page that begins behind so many bytes, whichever pages were taken before. */
  async pageFrom(offset: number): Promise<TextPage> {
    if (offset < this.at - this.rest.length) this.restart();
    await this.skipTo(offset);
    const taken = [this.rest];
    let length = this.rest.length;
    let isLast = false;
    while (length < pageBytes && !isLast) {
      const piece = this.next();
      if (piece) {
        taken.push(piece);
        length += piece.length;
      } else isLast = true;
    }
    this.rest = new Uint8Array();
    return { bytes: Buffer.concat(taken, length), isLast };
  }

  private restart(): void {
    this.pieces = this.write();
    this.at = 0;
    this.rest = new Uint8Array();
  }

  private async skipTo(offset: number): Promise<void> {
    while (this.at < offset) {
      const piece = this.next();
      this.rest = piece ?? new Uint8Array();
      if (!piece) return;
      // Writing blocks the process.
      await nextTurn();
    }
    this.rest = this.rest.subarray(this.rest.length - (this.at - offset));
  }

  private next(): Uint8Array | undefined {
    const piece = this.pieces.next();
    if (piece.done) return undefined;
    this.at += piece.value.length;
    return piece.value;
  }
}
