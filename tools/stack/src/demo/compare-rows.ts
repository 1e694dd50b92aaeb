export type Row = Readonly<Record<string, unknown>>;

const keptExamples = 3;

/** Fields in the order of their names, without the `_id` that Keyport gave: equal rows make equal text. */
const textOf = (row: Row): string =>
  JSON.stringify(
    Object.entries(row)
      .filter(([name]) => name !== '_id')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Throws where the two do not hold the same rows with the same values, each as often; their order does not matter. */
export function assertSameRows(what: string, expected: readonly Row[], actual: readonly Row[]): void {
  const open = new Map<string, number>();
  for (const row of expected) add(open, textOf(row), 1);
  for (const row of actual) add(open, textOf(row), -1);
  const missing = [...open].filter(([, count]) => count > 0).map(([text]) => text);
  const added = [...open].filter(([, count]) => count < 0).map(([text]) => text);
  if (missing.length === 0 && added.length === 0) return;
  throw new Error(
    [
      `${what}: ${expected.length} rows went in, ${actual.length} came out`,
      ...missing.slice(0, keptExamples).map((text) => `missing: ${text}`),
      ...added.slice(0, keptExamples).map((text) => `not from the file: ${text}`),
    ].join('\n  '),
  );
}

function add(counts: Map<string, number>, text: string, number: number): void {
  counts.set(text, (counts.get(text) ?? 0) + number);
}

/** Rows of text whose numeric columns become numbers; text that is no number stays and shows in the comparison. */
export const withNumbers = (rows: readonly Record<string, string>[], columns: readonly string[]): Row[] =>
  rows.map((row) => ({ ...row, ...Object.fromEntries(columns.map((name) => [name, numberOrText(row[name] ?? '')])) }));

const numberOrText = (text: string): number | string =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
