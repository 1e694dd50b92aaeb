import type { ExportCompression } from '@keyport/contracts';
import { compress, type Compression } from './compress.ts';

/** Text of one member of a compressed file (docs/adr/0017-compressed-files-in-members.md). */
export const memberBytes = 1024 * 1024;

/** The bytes of a file that some of its text makes, and the text behind them that makes none yet. */
export interface Packed {
  /** In order; not joined, as each page may have a megabyte. */
  readonly pieces: Promise<readonly Uint8Array[]>;
  readonly tail: Uint8Array;
}

/**
 * Makes the bytes of a file out of its text. Compressed ones follow from the text alone, in whatever pieces it comes and
 * whoever goes on with it: members are cut where the length of the text is a multiple of `memberBytes`.
 */
export class TextPacker {
  private readonly compression: Compression | undefined;
  private pending: Uint8Array[];
  private pendingLength: number;
  private members: Promise<Uint8Array>[] = [];

  /** `tail` is the text that an earlier packer of this file had left over. */
  constructor(compression: ExportCompression = 'none', tail: Uint8Array = new Uint8Array()) {
    this.compression = compression === 'none' ? undefined : compression;
    this.pending = [tail];
    this.pendingLength = tail.length;
  }

  add(text: Uint8Array): void {
    this.pending.push(text);
    this.pendingLength += text.length;
    if (this.compression && this.pendingLength >= memberBytes) this.cut(this.compression);
  }

  /** What the text so far makes. */
  take(): Packed {
    if (!this.compression) return { pieces: Promise.resolve(this.taken()), tail: new Uint8Array() };
    const tail = this.rest();
    this.keep(tail);
    return { pieces: this.packed(), tail };
  }

  /** The last bytes of the file. Of no text at all they are a member too: no bytes are no file of gzip. */
  end(isFirst: boolean): Promise<readonly Uint8Array[]> {
    if (!this.compression) return Promise.resolve(this.taken());
    const text = this.rest();
    if (text.length > 0 || (isFirst && this.members.length === 0)) this.pack(text, this.compression);
    return this.packed();
  }

  private cut(compression: Compression): void {
    const text = this.rest();
    let from = 0;
    for (; text.length - from >= memberBytes; from += memberBytes) {
      this.pack(text.subarray(from, from + memberBytes), compression);
    }
    // A copy: what is kept may be little of a large page.
    this.keep(Uint8Array.from(text.subarray(from)));
  }

  private pack(text: Uint8Array, compression: Compression): void {
    const member = compress(text, compression);
    // Seen by whoever takes the bytes; until then it must not count as unhandled.
    member.catch(() => undefined);
    this.members.push(member);
  }

  private packed(): Promise<readonly Uint8Array[]> {
    const { members } = this;
    this.members = [];
    return Promise.all(members);
  }

  private rest(): Uint8Array {
    return Buffer.concat(this.taken());
  }

  private taken(): readonly Uint8Array[] {
    const { pending } = this;
    this.pending = [];
    this.pendingLength = 0;
    return pending;
  }

  private keep(text: Uint8Array): void {
    this.pending = [text];
    this.pendingLength = text.length;
  }
}
