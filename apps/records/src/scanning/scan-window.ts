/** Records that a first page looks at in search of those that are shown. */
export const firstWindow = 1_000;
/** Beyond it, finding the window's end costs more than another page. */
const maxWindow = 50_000;
const shortMs = 250;
const longMs = 1_000;

/** How many records the next page looks at, by the time that this one took: a page stays far under its deadline. */
export function nextWindow(window: number, tookMs: number): number {
  if (tookMs > longMs) return Math.max(1, Math.floor(window / 4));
  return tookMs < shortMs ? Math.min(maxWindow, window * 2) : window;
}
