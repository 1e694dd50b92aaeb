import type { KnownRow } from './known-row-framer.ts';
import type { FileError } from './row-errors.ts';

/** Finds where rows begin and end. All places are offsets in the whole text. */
export interface RowFramer {
  /** The row found last. `end` is behind its text, `next` behind what ends it. */
  readonly start: number;
  readonly end: number;
  readonly next: number;
  /** Lines (1-based) on which the row begins and on which the next one can begin at the earliest. */
  readonly line: number;
  readonly nextLine: number;
  /** What a position behind the row must carry. */
  readonly state: string | undefined;
  readonly header: string[] | undefined;
  /** How far the text was looked at. */
  readonly scan: number;
  /** A row begins at `start`, and its end was not found up to `scan`. */
  readonly begun: boolean;
  /** Why nothing more can be read, once `find` is false. */
  readonly fault: FileError | undefined;
  /** The row found last, where its place in the file is not counted here. */
  readonly known?: KnownRow | undefined;
  /** True where a row was found; false where more text is needed, or at the end. */
  find(ended: boolean): boolean;
}
