import { generatedIdLength, writeGeneratedId } from './element-bytes.ts';
import type { ByteSink } from './byte-sink.ts';

/**
 * Sees to it that each document begins with `_id`: its own, or one made of the prefix and the row number. Which of the
 * two a row has is known only behind its last field, so the row before it is taken as the guess.
 */
export class DocumentId {
  /** Whether the document read last brought its own. */
  own = false;
  private start = 0;
  private guessedOwn = false;
  private ownAt = 0;
  private ownEnd = 0;

  constructor(
    private readonly sink: ByteSink,
    private readonly prefix: Uint8Array,
  ) {
    if (prefix.length !== 8) throw new RangeError('idPrefix must have 8 bytes');
  }

  /** At the place of the first element. */
  begin(row: number): void {
    this.guessedOwn = this.own;
    this.own = false;
    this.start = this.sink.length;
    if (!this.guessedOwn) this.writeGenerated(row);
  }

  /** The row has an `_id` of its own, from its type byte at `at` to the sink's end. */
  found(at: number): void {
    this.own = true;
    this.ownAt = at;
    this.ownEnd = this.sink.length;
  }

  /** Behind the last element, before the closing NUL. */
  finish(row: number): void {
    if (this.own) {
      if (!this.guessedOwn) this.removeGenerated();
      if (this.ownAt !== this.start) this.moveToFront();
    } else if (this.guessedOwn) {
      this.sink.reserve(generatedIdLength);
      const { bytes, length } = this.sink;
      bytes.copyWithin(this.start + generatedIdLength, this.start, length);
      this.sink.length = this.start;
      this.writeGenerated(row);
      this.sink.length = length + generatedIdLength;
    }
  }

  private writeGenerated(row: number): void {
    this.sink.reserve(generatedIdLength);
    writeGeneratedId(this.sink.bytes, this.sink.length, this.prefix, row);
    this.sink.length += generatedIdLength;
  }

  private removeGenerated(): void {
    const { bytes, length } = this.sink;
    bytes.copyWithin(this.start, this.start + generatedIdLength, length);
    this.sink.length -= generatedIdLength;
    this.ownAt -= generatedIdLength;
    this.ownEnd -= generatedIdLength;
  }

  private moveToFront(): void {
    const { bytes } = this.sink;
    const id = Buffer.from(bytes.subarray(this.ownAt, this.ownEnd));
    bytes.copyWithin(this.start + id.length, this.start, this.ownAt);
    id.copy(bytes, this.start);
  }
}
