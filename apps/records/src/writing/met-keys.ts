import type { ChunkRow } from './chunk.ts';

/**
 * Keys that a chunk's rows turned out to give to records, where a row holds only a part of the key. Whoever decides with
 * records not read yet decides again once {@link take} gives nothing more.
 */
export class MetKeys {
  private readonly known: Set<string>;
  private readonly wanted = new Map<string, ChunkRow>();

  /** What is stored with the keys of the rows themselves is known. */
  constructor(rows: readonly ChunkRow[]) {
    this.known = new Set(rows.flatMap(({ key }) => key ?? []));
  }

  /** A row that gives its key to a record. */
  meet(row: ChunkRow): void {
    if (row.key !== null && !this.known.has(row.key)) this.wanted.set(row.key, row);
  }

  /** A row of each key whose records are still to be read. */
  take(): ChunkRow[] {
    const rows = [...this.wanted.values()];
    for (const key of this.wanted.keys()) this.known.add(key);
    this.wanted.clear();
    return rows;
  }
}
