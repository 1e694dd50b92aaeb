const dayMs = 24 * 3600 * 1000;

/** UTC day, such as `2026-11-24`. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** Whole seconds until midnight UTC, at least one. */
export const secondsUntilMidnight = (at: Date): number => Math.ceil((dayMs - (at.getTime() % dayMs)) / 1000);
