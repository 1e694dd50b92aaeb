/** A growing output buffer. Writers reserve, write at `length` and advance it themselves: no call for a byte. */
export class ByteSink {
  bytes: Buffer;
  view: DataView;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `count` more bytes; `bytes` and `view` may be other objects afterwards. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.grow(count);
  }

  /** Hands the first `length` bytes out for good and goes on with a fresh buffer. */
  detach(length: number, capacity: number): Uint8Array {
    const done = this.bytes.subarray(0, length);
    const rest = this.bytes.subarray(length, this.length);
    this.bytes = Buffer.allocUnsafeSlow(Math.max(capacity, rest.length));
    this.view = viewOf(this.bytes);
    rest.copy(this.bytes);
    this.length = rest.length;
    return done;
  }

  writeAscii(text: string): void {
    this.reserve(text.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  private grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.view = viewOf(larger);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
