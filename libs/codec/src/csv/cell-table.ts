export const PLAIN = 0;
export const QUOTED = 1;
/** Quoted, with doubled quotes inside. */
export const DOUBLED = 2;

/** Where the cells of one row lie, relative to the row's start, quotes left out. */
export class CellTable {
  count = 0;
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  kinds = new Uint8Array(64);
  /** What is wrong with the row's quotes, behind the words "it has". */
  fault: string | undefined;
  /** All bytes, or-ed. */
  bits = 0;

  constructor(private readonly maxCells: number) {}

  clear(): void {
    this.count = 0;
    this.bits = 0;
    this.fault = undefined;
  }

  /** Cells beyond the limit are counted only. */
  add(start: number, end: number, kind: number): void {
    const index = this.count++;
    if (index >= this.starts.length) {
      if (index >= this.maxCells) return;
      this.grow();
    }
    this.starts[index] = start;
    this.ends[index] = end;
    this.kinds[index] = kind;
  }

  private grow(): void {
    const size = Math.min(this.maxCells, this.starts.length * 4);
    const [starts, ends, kinds] = [new Int32Array(size), new Int32Array(size), new Uint8Array(size)];
    starts.set(this.starts);
    ends.set(this.ends);
    kinds.set(this.kinds);
    Object.assign(this, { starts, ends, kinds });
  }
}
