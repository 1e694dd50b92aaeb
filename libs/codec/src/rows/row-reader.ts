import { ByteSink } from '../bson/byte-sink.ts';
import type { Chunk, RowPlace } from './chunk.ts';
import { ChunkBuilder } from './chunk.ts';
import { type KnownRow, KnownRows } from './known-row-framer.ts';
import { rawText, type RawLimits } from './raw-text.ts';
import { FileError, type RawRow, type RowProblem } from './row-errors.ts';
import { createRowSource, type RowSource } from './row-source.ts';
import { Utf16Window } from '../encodings/utf16-window.ts';
import type { Utf16 } from '../encodings/utf16-transcoder.ts';
import { keyOf } from './row-key.ts';
import { limitsOf, type RowLimits, type RowPosition, type RowReaderOptions } from './row-options.ts';
import { SourceWindow } from './source-window.ts';

/** Turns a file that comes in pieces into chunks of BSON documents. */
export interface RowReader {
  /** The next piece, cut anywhere; it is copied. Call `read` until it has nothing more before pushing again. */
  push(bytes: Uint8Array): void;
  /** There are no more pieces. */
  end(): void;
  /**
   * The next whole chunk; undefined until more is pushed, and for good after the last chunk.
   * @throws FileError once all chunks before the fault are out
   */
  read(): Chunk | undefined;
}

/** @param from where an earlier reader of the same file stopped: push the text from `from.offset` on */
export function createRowReader(options: RowReaderOptions, from?: RowPosition): RowReader {
  return new ChunkingReader(options, from ?? beginning);
}

/** Reads rows of which it is known where they stood in their file, and says so of those that are refused again. */
export interface KnownRowReader extends Pick<RowReader, 'end' | 'read'> {
  /** The next rows, in the order of the file. Call `read` until it has nothing more before pushing again. */
  push(rows: readonly KnownRow[]): void;
}

/** @param from where an earlier reader of the same rows stopped, with the header of CSV also at the beginning */
export function createKnownRowReader(options: RowReaderOptions, from?: RowPosition): KnownRowReader {
  const known = new KnownRows();
  const reader = new ChunkingReader(options, from ?? beginning, known);
  return { push: (rows) => known.add(rows), end: () => reader.end(), read: () => reader.read() };
}

const beginning: RowPosition = { chunk: 0, offset: 0, row: 0, line: 1 };

const initialCapacity = 64 * 1024;

class ChunkingReader implements RowReader {
  private readonly limits: RowLimits;
  private readonly rawLimits: RawLimits;
  private window: SourceWindow;
  private encoding: Utf16 | undefined;
  private readonly sink = new ByteSink(initialCapacity);
  private source: RowSource | undefined;
  private chunk: ChunkBuilder;
  private row: number;
  private ended = false;
  /** The source has a row that did not fit the last chunk. */
  private held = false;
  /** The beginning of a row so long that its bytes are let go. */
  private head: { raw: RawRow; byteOffset: number } | undefined;

  constructor(
    private readonly options: RowReaderOptions,
    from: RowPosition,
    private readonly known?: KnownRows,
  ) {
    this.limits = limitsOf(options);
    const isCells = options.format === 'csv' || options.format === 'tsv';
    this.rawLimits = { maxBytes: this.limits.maxRawBytes, isCells };
    this.encoding = from.encoding;
    this.window = this.encoding ? new Utf16Window(from.offset, this.encoding) : new SourceWindow(from.offset);
    this.chunk = new ChunkBuilder(from, from.offset);
    this.row = from.row;
    if (from.offset > 0 || known) this.open(from);
  }

  push(bytes: Uint8Array): void {
    if (this.ended) throw new Error('push after end');
    if (bytes.length > 0) this.window.push(bytes);
  }

  end(): void {
    this.ended = true;
    this.window.finish();
  }

  read(): Chunk | undefined {
    if (!this.source) {
      if (this.window.end < 3 && !this.ended) return undefined;
      this.passByteOrderMark();
    }
    return this.readRows(this.source!);
  }

  private passByteOrderMark(): void {
    const { bytes, end } = this.window;
    const [first, second, third] = bytes.subarray(0, end);
    if (first === 0xff && second === 0xfe) this.encoding = 'utf-16le';
    if (first === 0xfe && second === 0xff) this.encoding = 'utf-16be';
    const isUtf8 = first === 0xef && second === 0xbb && third === 0xbf;
    const offset = this.encoding ? 2 : isUtf8 ? 3 : 0;
    if (this.encoding) {
      this.window = new Utf16Window(offset, this.encoding);
      this.window.push(bytes.subarray(offset, end));
      if (this.ended) this.window.finish();
    }
    this.open({ ...this.chunk.start, offset });
  }

  private open(from: RowPosition): void {
    this.source = createRowSource(this.options, this.limits, this.window, this.sink, from, this.known);
  }

  private readRows(source: RowSource): Chunk | undefined {
    const { limits } = this;
    const { framer } = source;
    for (;;) {
      if (!this.held && !framer.find(this.ended)) return this.pause(source);
      this.held = false;
      if (this.chunk.rows > 0 && framer.next - this.chunk.textStart > limits.maxChunkBytes) {
        this.held = true;
        return this.cut(this.sink.length);
      }
      const documentAt = this.sink.length;
      const full = this.take(source, documentAt);
      if (full) return full;
      if (this.chunk.rows >= limits.maxChunkRows) return this.cut(this.sink.length);
    }
  }

  /** Encodes the row found; a chunk comes back where its document did not fit with those before it. */
  private take(source: RowSource, documentAt: number): Chunk | undefined {
    const { framer } = source;
    const { window } = this;
    const { start, known } = framer;
    this.row = known?.row ?? this.row + 1;
    const byteOffset = known?.byteOffset ?? this.head?.byteOffset ?? window.fileOffset(start);
    const place = { row: this.row, line: framer.line, start, end: framer.end, byteOffset };
    const offset = window.fileOffset(framer.next);
    const end: RowPosition = { chunk: 0, row: place.row, offset, line: framer.nextLine };
    if (this.encoding !== undefined) end.encoding = this.encoding;
    if (framer.state !== undefined) end.state = framer.state;
    if (framer.header !== undefined) end.header = framer.header;
    const found = this.encode(source, place, documentAt);
    const before = this.chunk;
    let full: Chunk | undefined;
    if (typeof found === 'string' && before.rows > 0 && this.sink.length > this.limits.maxChunkDocumentBytes) {
      full = this.cut(documentAt);
    }
    if (typeof found === 'string') {
      this.chunk.accept(place, source.hasOwnId(), this.options.keyFields ? found : undefined);
    } else {
      this.sink.length = documentAt;
      this.chunk.reject(place, found, this.head?.raw ?? this.rawText(place));
    }
    this.head = undefined;
    this.chunk.end = { ...end, chunk: this.chunk.start.chunk };
    this.chunk.textEnd = framer.next;
    return full;
  }

  /** The document's key (empty where none is asked for), or what is wrong. */
  private encode(source: RowSource, place: RowPlace, documentAt: number): string | RowProblem {
    const { limits, window, sink, options } = this;
    if (place.end - place.start > limits.maxRowBytes) {
      return { code: 'ROW_TOO_LARGE', message: `The row is longer than ${limits.maxRowBytes} bytes.` };
    }
    const problem = source.encode(window.bytes, place.start - window.base, place.end - window.base, place.row);
    if (problem) return problem;
    if (sink.length - documentAt > limits.maxDocumentBytes) {
      return { code: 'ROW_TOO_LARGE', message: `The document is larger than ${limits.maxDocumentBytes} bytes.` };
    }
    if (options.needsId && !source.hasOwnId()) {
      return { code: 'MISSING_KEY', message: 'The row has no _id to find its record by.', path: '_id' };
    }
    const invalid = options.validate?.(
      source.plainRow(window.bytes, place.start - window.base, place.end - window.base, documentAt),
    );
    if (invalid) return invalid;
    return options.keyFields ? keyOf(sink.bytes.subarray(documentAt, sink.length), options.keyFields) : '';
  }

  /** Nothing more is found for now, or at all. */
  private pause({ framer }: RowSource): Chunk | undefined {
    const { limits, window } = this;
    const over = this.ended || framer.fault !== undefined;
    if (this.chunk.rows > 0) {
      const crowded = framer.scan - this.chunk.textStart > limits.maxChunkBytes;
      return over || crowded ? this.cut(this.sink.length) : undefined;
    }
    if (framer.fault) throw this.inFile(framer.fault);
    if (over) {
      if (this.row === 0 && !this.known) {
        throw this.inFile(new FileError('EMPTY_FILE', 'the file has no rows', framer.scan, framer.nextLine));
      }
      return undefined;
    }
    const held = framer.scan - framer.start;
    if (!framer.begun) {
      window.release(framer.scan);
    } else if (held > limits.maxRowBytes && held > limits.maxRawBytes + 4) {
      this.head ??= {
        raw: { ...this.rawText({ start: framer.start, end: framer.scan }), rawComplete: false },
        byteOffset: window.fileOffset(framer.start),
      };
      window.release(framer.scan);
    } else {
      window.release(framer.start);
    }
    return undefined;
  }

  /** Ends the chunk in front of whatever lies in the sink from `documentsEnd` on. */
  private cut(documentsEnd: number): Chunk {
    const { chunk, window } = this;
    const done = this.sink.detach(documentsEnd, Math.max(initialCapacity, Math.ceil(documentsEnd * 1.125)));
    const next = { ...chunk.end, chunk: chunk.end.chunk + 1 };
    chunk.end = next;
    const finished = chunk.finish(
      done,
      (start, end) => window.copy(start, end),
      this.rawLimits,
      this.options.keyFields !== undefined,
    );
    this.chunk = new ChunkBuilder(next, chunk.textEnd);
    window.release(chunk.textEnd);
    return finished;
  }

  private inFile({ code, message, offset, line }: FileError): FileError {
    return new FileError(code, message, this.window.fileOffset(offset), line);
  }

  private rawText({ start, end }: { start: number; end: number }): RawRow {
    const { bytes, base } = this.window;
    return rawText(bytes, start - base, end - base, this.rawLimits);
  }
}
