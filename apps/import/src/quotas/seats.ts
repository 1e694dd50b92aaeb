/** Numbers that an import has until it ends, each unique: among those of its holder, and among all. */
export interface Seats {
  readonly ownSeat: number;
  readonly seat: number;
}

/** Seats that are taken; null for an import of an earlier version, which counts and has none. */
export type Taken = readonly (number | null)[];

/**
 * A seat that is free, any of them, so that two who look at the same time rarely choose the same one; undefined where as
 * many are taken as there may be.
 */
export function freeSeat(taken: Taken, limit: number, random: () => number = Math.random): number | undefined {
  if (taken.length >= limit) return undefined;
  const numbers = new Set(taken);
  const free = Array.from({ length: limit }, (_, index) => index + 1).filter((seat) => !numbers.has(seat));
  return free[Math.floor(random() * free.length)];
}
