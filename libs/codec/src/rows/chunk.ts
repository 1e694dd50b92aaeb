import { rawText, type RawLimits } from './raw-text.ts';
import type { RawRow, RejectedRow, RowProblem } from './row-errors.ts';
import type { RowPosition } from './row-options.ts';

/** Some rows in a row. Where chunks are cut follows from the file's bytes alone. */
export interface Chunk {
  /** 0-based. */
  number: number;
  /** Rows read, refused ones included. */
  rows: number;
  /** Source bytes, those of blank lines, header and so on before the rows included. */
  bytes: number;
  /** BSON documents one behind the other, in file order. A view, never written to again. */
  documents: Uint8Array;
  /** By document: its 1-based row number. */
  rowNumbers: Uint32Array;
  /** By document: the 1-based line on which its row begins. */
  lines: Uint32Array;
  /** By document: where its row begins in the file (decompressed). */
  offsets: Float64Array;
  /** By document, where `keyFields` were given: a text that is equal for equal keys. */
  keys: string[] | undefined;
  /** Some document brought its own `_id`. */
  hasOwnIds: boolean;
  rejected: RejectedRow[];
  /** Where reading goes on. */
  end: RowPosition;
  /** Refuses document `index` after all, for what only its writer could find. */
  rejectionOf: (index: number, problem: RowProblem) => RejectedRow;
  /** What the chunk holds and nothing else needs: `documents`, and the text that `rejectionOf` quotes. */
  buffers: readonly Uint8Array[];
}

export interface RowPlace {
  row: number;
  line: number;
  /** In the text that the reader holds. */
  start: number;
  end: number;
  /** Where it begins in the file. */
  byteOffset: number;
}

/** A chunk in the making. */
export class ChunkBuilder {
  rows = 0;
  hasOwnIds = false;
  end: RowPosition;
  textEnd: number;
  readonly rejected: RejectedRow[] = [];
  /** Where the first document's row begins: from there on the source is kept, for rejections to come. */
  sourceStart = -1;
  private sourceEnd = -1;
  private readonly rowNumbers: number[] = [];
  private readonly lines: number[] = [];
  private readonly offsets: number[] = [];
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly keys: string[] = [];

  constructor(
    readonly start: RowPosition,
    /** The same place in the text that the reader holds. */
    readonly textStart: number,
  ) {
    this.end = start;
    this.textEnd = textStart;
  }

  accept({ row, line, start, end, byteOffset }: RowPlace, ownId: boolean, key: string | undefined): void {
    this.rows++;
    if (this.sourceStart < 0) this.sourceStart = start;
    this.sourceEnd = end;
    this.rowNumbers.push(row);
    this.lines.push(line);
    this.offsets.push(byteOffset);
    this.starts.push(start);
    this.ends.push(end);
    if (key !== undefined) this.keys.push(key);
    if (ownId) this.hasOwnIds = true;
  }

  reject({ row, line, byteOffset }: RowPlace, problem: RowProblem, raw: RawRow): void {
    this.rows++;
    this.rejected.push({ row, line, byteOffset, ...problem, ...raw });
  }

  finish(
    documents: Uint8Array,
    copySource: (start: number, end: number) => Buffer,
    rawLimits: RawLimits,
    withKeys: boolean,
  ): Chunk {
    const { starts, ends, sourceStart } = this;
    const source = sourceStart < 0 ? Buffer.alloc(0) : copySource(sourceStart, this.sourceEnd);
    const rowNumbers = Uint32Array.from(this.rowNumbers);
    const lines = Uint32Array.from(this.lines);
    const offsets = Float64Array.from(this.offsets);
    return {
      number: this.start.chunk,
      rows: this.rows,
      bytes: this.end.offset - this.start.offset,
      documents,
      rowNumbers,
      lines,
      offsets,
      keys: withKeys ? this.keys : undefined,
      hasOwnIds: this.hasOwnIds,
      rejected: this.rejected,
      end: this.end,
      rejectionOf: (index, problem) => {
        const byteOffset = offsets[index];
        if (byteOffset === undefined) throw new RangeError(`the chunk has no document ${index}`);
        const raw = rawText(source, starts[index]! - sourceStart, ends[index]! - sourceStart, rawLimits);
        return { row: rowNumbers[index]!, line: lines[index]!, byteOffset, ...problem, ...raw };
      },
      buffers: [documents, source],
    };
  }
}
