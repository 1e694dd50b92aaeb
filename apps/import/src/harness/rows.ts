/** Rows `{n, text}` as NDJSON, `n` counting from `from`. */
export function ndjson(count: number, { from = 0, width = 80 } = {}): Buffer {
  const text = 'x'.repeat(width);
  const lines = Array.from({ length: count }, (_, index) => `${JSON.stringify({ n: from + index, text })}\n`);
  return Buffer.from(lines.join(''));
}

/** Counts of an import where nothing but these happened. */
export const counts = (some: Partial<Record<string, number>>) => ({
  ...{ read: 0, inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0, skipped: 0 },
  ...some,
});
