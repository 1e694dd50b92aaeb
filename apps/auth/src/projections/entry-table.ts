import { randomInt } from 'node:crypto';

/** Slots stay at most half full, so that a search ends after a few steps. */
const slotsPerEntry = 2;
const entriesAtFirst = 1024;

/** What is known of a key in a bucket. */
export interface Known {
  /** Its revision, a number from 1 on. */
  readonly revision: number;
  /** False for the trace that a deletion leaves. */
  readonly isPresent: boolean;
  readonly digest: number;
}

/**
 * Revision and a digest of the value by key, in 20 bytes a slot instead of the 200 that a Map of objects takes: a bucket may
 * hold millions. Keys and values are told apart by 64 and 32 bits that are dealt anew each time, so that whatever would
 * be mixed up once is set right the next time.
 */
export class EntryTable {
  private readonly seeds = [randomInt(2 ** 32), randomInt(2 ** 32)] as const;
  private capacity = entriesAtFirst * slotsPerEntry;
  private first = new Uint32Array(this.capacity);
  private second = new Uint32Array(this.capacity);
  private digests = new Uint32Array(this.capacity);
  /** 0: free; negative: a deletion. */
  private revisions = new Float64Array(this.capacity);
  private used = 0;

  digestOf(value: string): number {
    return hash(value, this.seeds[0]);
  }

  set(key: string, revision: number, value: string | undefined): void {
    if ((this.used + 1) * slotsPerEntry > this.capacity) this.grow();
    const first = hash(key, this.seeds[0]);
    const second = hash(key, this.seeds[1]);
    const at = this.slotOf(first, second);
    if (this.revisions[at] === 0) this.used += 1;
    this.first[at] = first;
    this.second[at] = second;
    this.digests[at] = value === undefined ? 0 : this.digestOf(value);
    this.revisions[at] = value === undefined ? -revision : revision;
  }

  get(key: string): Known | undefined {
    const at = this.slotOf(hash(key, this.seeds[0]), hash(key, this.seeds[1]));
    const revision = this.revisions[at] ?? 0;
    if (revision === 0) return undefined;
    return { revision: Math.abs(revision), isPresent: revision > 0, digest: this.digests[at] ?? 0 };
  }

  /** Turns the entry into a deletion: {@link presentRevisions} leaves it out. */
  strike(key: string): void {
    const at = this.slotOf(hash(key, this.seeds[0]), hash(key, this.seeds[1]));
    this.revisions[at] = -Math.abs(this.revisions[at] ?? 0);
  }

  *presentRevisions(): Generator<number> {
    for (const revision of this.revisions) if (revision > 0) yield revision;
  }

  private slotOf(first: number, second: number): number {
    let at = (first ^ (second << 7)) & (this.capacity - 1);
    while (this.revisions[at] !== 0 && (this.first[at] !== first || this.second[at] !== second)) {
      at = (at + 1) & (this.capacity - 1);
    }
    return at;
  }

  private grow(): void {
    const { first, second, digests, revisions } = this;
    this.capacity *= 2;
    this.first = new Uint32Array(this.capacity);
    this.second = new Uint32Array(this.capacity);
    this.digests = new Uint32Array(this.capacity);
    this.revisions = new Float64Array(this.capacity);
    for (let from = 0; from < revisions.length; from += 1) {
      if (revisions[from] === 0) continue;
      const to = this.slotOf(first[from] ?? 0, second[from] ?? 0);
      this.first[to] = first[from] ?? 0;
      this.second[to] = second[from] ?? 0;
      this.digests[to] = digests[from] ?? 0;
      this.revisions[to] = revisions[from] ?? 0;
    }
  }
}

/** MurmurHash3 (x86, 32 bits) over UTF-16 units. */
function hash(text: string, seed: number): number {
  let state = seed;
  for (let at = 0; at < text.length; at += 1) {
    let unit = Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    unit = Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    state ^= unit;
    state = Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64;
  }
  state ^= text.length;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
