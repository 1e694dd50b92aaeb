import { hash } from 'node:crypto';

/** 32-bit words of a slot: three of the key's fingerprint, the cutoff, the end. */
const wordsPerSlot = 5;
const never = 0xffffffff;
const initialCapacity = 1 << 12;
/** Share of slots in use above which the table doubles. */
const maxLoad = 0.7;
const sliceSlots = 1 << 15;

/** Fingerprints of several keys, three words each: made once a token, looked up on every request. */
export type Fingerprints = Uint32Array;

/**
 * The first 96 bits of SHA-256: among a million keys the odds that a lookup meets a wrong one are 10^-23, and nobody can
 * aim at one.
 */
export function fingerprintsOf(keys: readonly string[]): Fingerprints {
  const prints = new Uint32Array(keys.length * 3);
  for (const [index, key] of keys.entries()) {
    const digest = hash('sha256', key, 'buffer');
    for (let word = 0; word < 3; word += 1) prints[index * 3 + word] = digest.readUInt32LE(word * 4);
  }
  return prints;
}

/**
 * Key → cutoff and end, 21 bytes a slot outside of the garbage-collected heap: a million entries take 44 MB, where a Map
 * of strings takes three times that and makes every collection slower. Open addressing with linear probing.
 */
export class RevocationTable {
  private words = new Uint32Array(initialCapacity * wordsPerSlot);
  /** Number of the last reading that showed the slot's entry; 0: the slot is free. */
  private readings = new Uint8Array(initialCapacity);
  private capacity = initialCapacity;
  private count = 0;
  private reading = 1;
  private swept = 0;

  get size(): number {
    return this.count;
  }

  /** Bytes. */
  get footprint(): number {
    return this.words.byteLength + this.readings.byteLength;
  }

  /** Index of the first of the keys that revokes what was issued at `issuedAt` (seconds since the epoch), or -1. */
  find(prints: Fingerprints, issuedAt: number): number {
    for (let at = 0; at < prints.length; at += 3) {
      const slot = this.slotOf(prints[at] as number, prints[at + 1] as number, prints[at + 2] as number);
      if (this.readings[slot] !== 0 && issuedAt < (this.words[slot * wordsPerSlot + 3] as number)) return at / 3;
    }
    return -1;
  }

  /** `before`: null for what is revoked altogether; `expiresAt`: null where it always matters. Seconds since the epoch. */
  put(key: string, before: number | null, expiresAt: number | null): void {
    if (this.count >= this.capacity * maxLoad) this.grow();
    const [a = 0, b = 0, c = 0] = fingerprintsOf([key]);
    const slot = this.slotOf(a, b, c);
    if (this.readings[slot] === 0) this.count += 1;
    this.readings[slot] = this.reading;
    this.words.set([a, b, c, clamped(before), clamped(expiresAt)], slot * wordsPerSlot);
  }

  delete(key: string): void {
    const [a = 0, b = 0, c = 0] = fingerprintsOf([key]);
    const slot = this.slotOf(a, b, c);
    if (this.readings[slot] !== 0) this.free(slot);
  }

  /** From now on entries are marked as shown by a new reading. */
  beginReading(): void {
    this.reading = (this.reading % 255) + 1;
  }

  /** Drops what the reading has not shown. */
  endReading(): void {
    this.dropWhere(0, this.capacity, (slot) => this.readings[slot] !== this.reading);
  }

  /** Drops some of what has ended, a part of the table a call: of two million slots none stops the process for long. */
  dropEnded(now: number): void {
    const end = Math.min(this.swept + sliceSlots, this.capacity);
    this.dropWhere(this.swept, end, (slot) => {
      const expiresAt = this.words[slot * wordsPerSlot + 4] as number;
      return expiresAt !== never && expiresAt <= now;
    });
    this.swept = end >= this.capacity ? 0 : end;
  }

  private dropWhere(from: number, to: number, goes: (slot: number) => boolean): void {
    for (let slot = from; slot < to; slot += 1) {
      // What takes the place of a dropped entry is looked at too.
      while (this.readings[slot] !== 0 && goes(slot)) this.free(slot);
    }
  }

  private slotOf(a: number, b: number, c: number): number {
    const mask = this.capacity - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      if (this.readings[slot] === 0) return slot;
      const at = slot * wordsPerSlot;
      if (this.words[at] === a && this.words[at + 1] === b && this.words[at + 2] === c) return slot;
    }
  }

  /** Frees a slot and moves up what probed past it (Knuth, TAOCP 3, 6.4, algorithm R). */
  private free(slot: number): void {
    const mask = this.capacity - 1;
    let hole = slot;
    for (let next = (slot + 1) & mask; this.readings[next] !== 0; next = (next + 1) & mask) {
      const home = (this.words[next * wordsPerSlot] as number) & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.words.copyWithin(hole * wordsPerSlot, next * wordsPerSlot, (next + 1) * wordsPerSlot);
      this.readings[hole] = this.readings[next] as number;
      hole = next;
    }
    this.readings[hole] = 0;
    this.count -= 1;
  }

  private grow(): void {
    const { words, readings, capacity } = this;
    this.capacity = capacity * 2;
    this.words = new Uint32Array(this.capacity * wordsPerSlot);
    this.readings = new Uint8Array(this.capacity);
    this.swept = 0;
    for (let old = 0; old < capacity; old += 1) {
      if (readings[old] === 0) continue;
      const entry = words.subarray(old * wordsPerSlot, (old + 1) * wordsPerSlot);
      const slot = this.slotOf(entry[0] as number, entry[1] as number, entry[2] as number);
      this.words.set(entry, slot * wordsPerSlot);
      this.readings[slot] = readings[old] as number;
    }
  }
}

const clamped = (seconds: number | null) => (seconds === null ? never : Math.min(seconds, never));
