/** Bytes that an upload takes off its holder's quota at a time: one request to `import` for so many. */
export const portionBytes = 16 * 1024 * 1024;

export interface Wanted {
  /** Bytes without which the upload cannot go on. */
  readonly need: number;
  /** Bytes that it will take at most, where that is known. */
  readonly atMost?: number | undefined;
  /** Bytes that nobody has taken today. */
  readonly left: number;
}

/**
 * Bytes to take off a quota for an upload; undefined where what it needs is not left. Near the end of a quota it takes
 * less ahead, so that uploads side by side do not keep from each other what they may not use.
 */
export function portionOf({ need, atMost = Infinity, left }: Wanted): number | undefined {
  if (need > left) return undefined;
  const ahead = Math.min(portionBytes, Math.floor(left / 4));
  return Math.min(Math.max(need, ahead), Math.max(need, atMost));
}
