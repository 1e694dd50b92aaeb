import { SourceWindow } from '../rows/source-window.ts';
import { utf16, utf16Length } from './text-encoding.ts';
import { type Utf16, Utf16Transcoder } from './utf16-transcoder.ts';

/**
 * A window on a UTF-16 file: its bytes are UTF-8, and so are its offsets, save that the first equals the place in the
 * file. Places in the file are asked for in ascending order, so that each byte is counted once.
 */
export class Utf16Window extends SourceWindow {
  override readonly encoding = utf16;
  private readonly transcoder: Utf16Transcoder;
  private counted: number;
  private countedInFile: number;

  constructor(offset: number, encoding: Utf16) {
    super(offset);
    this.transcoder = new Utf16Transcoder(encoding);
    this.counted = this.countedInFile = offset;
  }

  override push(piece: Uint8Array): void {
    super.push(this.transcoder.push(piece));
  }

  override finish(): void {
    super.push(this.transcoder.finish());
  }

  override release(offset: number): void {
    if (offset > this.counted) this.fileOffset(Math.min(offset, this.end));
    super.release(offset);
  }

  override fileOffset(offset: number): number {
    const { bytes, base, counted } = this;
    if (offset < counted) throw new RangeError(`offset ${offset} lies before ${counted}, which was asked for already`);
    this.countedInFile += utf16Length(bytes, counted - base, offset - base);
    this.counted = offset;
    return this.countedInFile;
  }
}
