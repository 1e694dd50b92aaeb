/** Where reading the spool of an import goes on. */
export interface SpoolPosition {
  /** Stream sequence of the first message to look at; 0 for the first there is. */
  readonly sequence: number;
  /** Bytes of the upload taken before that message. */
  readonly offset: number;
  /** Newest epoch seen before that message. */
  readonly epoch: number;
}

export interface PieceHead {
  readonly sequence: number;
  readonly epoch: number;
  readonly offset: number;
  readonly length: number;
}

/**
 * `take`: use the piece's bytes after the first `skip`; `restart` is where a reader must begin to see the upload from
 * this piece on. `ignore`: nothing in it is new, or it is not its turn.
 */
export type Decision =
  { readonly kind: 'take'; readonly skip: number; readonly restart: SpoolPosition } | { readonly kind: 'ignore' };

/** Pieces ahead of their turn that are remembered; a gateway's window is far smaller. */
const maxAhead = 1024;

/**
 * Puts the pieces of an upload in order: only contiguous offsets of the newest epoch count, so that two gateways cannot
 * mix one upload. An epoch after the first begins with a mark, a piece without bytes: what came before the mark counts, and
 * of older epochs nothing that comes behind it. A piece that comes before its turn (its predecessor had to be published again) is remembered by its
 * sequence and read once more, since holding it would cost memory.
 */
export class PieceSequence {
  private offset: number;
  private epoch: number;
  private ahead: PieceHead[] = [];

  constructor(from: SpoolPosition) {
    this.offset = from.offset;
    this.epoch = from.epoch;
  }

  /** Bytes of the upload taken so far. */
  get taken(): number {
    return this.offset;
  }

  /** Newest epoch seen so far. */
  get newestEpoch(): number {
    return this.epoch;
  }

  take(piece: PieceHead): Decision {
    if (piece.epoch < this.epoch) return { kind: 'ignore' };
    const epochBefore = this.epoch;
    if (piece.epoch > this.epoch) {
      this.epoch = piece.epoch;
      this.ahead = [];
    }
    if (piece.offset > this.offset) {
      this.remember(piece);
      return { kind: 'ignore' };
    }
    if (piece.offset + piece.length <= this.offset) return { kind: 'ignore' };
    const restart = {
      sequence: Math.min(piece.sequence, ...this.ahead.map(({ sequence }) => sequence)),
      offset: this.offset,
      epoch: epochBefore,
    };
    const skip = this.offset - piece.offset;
    this.offset = piece.offset + piece.length;
    return { kind: 'take', skip, restart };
  }

  /** The sequence to read again from, where a piece that came too early has its turn now. Forgets it. */
  rewind(): number | undefined {
    this.ahead = this.ahead.filter(({ offset, length }) => offset + length > this.offset);
    const due = this.ahead.filter(({ offset }) => offset <= this.offset).map(({ sequence }) => sequence);
    if (due.length === 0) return undefined;
    const sequence = Math.min(...due);
    // Whatever lies behind it in the stream will be seen again anyway.
    this.ahead = this.ahead.filter((piece) => piece.sequence < sequence);
    return sequence;
  }

  private remember(piece: PieceHead): void {
    if (this.ahead.length < maxAhead) this.ahead.push(piece);
  }
}
