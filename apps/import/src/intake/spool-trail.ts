import type { SpoolPosition } from './piece-sequence.ts';

/** How decoded bytes and the spool belong together at one point of the file. */
export interface Mark {
  /** Decoded bytes before it. */
  readonly decoded: number;
  /** Where a reader begins so as to see the file from this point on. */
  readonly restart: SpoolPosition;
}

/** Remembers where pieces began, until what they hold is written. */
export class SpoolTrail {
  private marks: Mark[] = [];

  constructor(private readonly start: SpoolPosition) {}

  add(mark: Mark): void {
    this.marks.push(mark);
  }

  /** Where to begin again when all before this decoded offset is written. Offsets asked for must not decrease. */
  restartFor(decoded: number): SpoolPosition {
    const later = this.marks.findIndex((mark) => mark.decoded > decoded);
    const passed = later < 0 ? this.marks.length : later;
    this.marks = this.marks.slice(Math.max(passed - 1, 0));
    const [newest] = this.marks;
    return newest && newest.decoded <= decoded ? newest.restart : this.start;
  }
}
