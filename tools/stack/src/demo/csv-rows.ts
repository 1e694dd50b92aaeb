/**
 * The rows of a CSV text (RFC 4180) by the names in its header line. Written for the demo alone, so that it checks
 * Keyport's own reader and writer against something else.
 */
export function csvRows(text: string): Record<string, string>[] {
  const [header = [], ...lines] = csvLines(text);
  return lines.map((fields) => Object.fromEntries(header.map((name, column) => [name, fields[column] ?? ''])));
}

/** A field in quotes, where two quotes stand for one, or a bare one; then what ends it. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function csvLines(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  field.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (field.lastIndex < text.length) {
    const at = field.lastIndex;
    const match = field.exec(text);
    if (!match) throw new Error(`not CSV at character ${at}`);
    const [, quoted, bare = '', end] = match;
    line.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    lines.push(line);
    line = [];
  }
  if (line.length > 0) lines.push([...line, '']);
  return lines;
}
