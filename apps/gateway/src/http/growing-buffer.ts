const smallestBytes = 4096;

/**
 * Collects bytes into one buffer that grows as they come. Keeping the arriving parts themselves would let a sender of
 * one-byte parts take hundreds of times the memory that it sends.
 */
export class GrowingBuffer {
  length = 0;
  private bytes: Buffer = Buffer.alloc(0);
  private wasFull = false;

  /** `spare`: full buffers taken before that nobody needs any more; they are filled again. */
  constructor(
    private readonly capacity: number,
    private readonly spare: Buffer[] = [],
  ) {}

  /** How many more bytes it takes. */
  get room(): number {
    return this.capacity - this.length;
  }

  append(part: Uint8Array): void {
    const needed = this.length + part.length;
    if (needed > this.bytes.length) {
      const wanted = this.wasFull ? this.capacity : Math.max(needed, this.bytes.length * 2, smallestBytes);
      const grown =
        (this.wasFull ? this.spare.pop() : undefined) ?? Buffer.allocUnsafe(Math.min(this.capacity, wanted));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    this.bytes.set(part, this.length);
    this.length = needed;
  }

  /** The bytes so far; what is appended from now on goes elsewhere. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    // Who has sent so much before is given as much at once: growing would copy most bytes twice.
    this.wasFull = this.length === this.capacity;
    this.bytes = Buffer.alloc(0);
    this.length = 0;
    return taken;
  }
}
