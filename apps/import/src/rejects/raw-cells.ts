/** What parts the cells of a file, and stands around them; no quote where quotes mean nothing. */
export interface Separators {
  readonly delimiter: string;
  readonly quote: string;
}

/** The cells of a row's text as they stand there, quotes included. The last may be open, where the text is cut. */
export function rawCells(raw: string, separators: Separators): string[] {
  const cells: string[] = [];
  for (let start = 0; ;) {
    const end = cellEnd(raw, start, separators);
    cells.push(raw.slice(start, end));
    if (end === raw.length) return cells;
    start = end + 1;
  }
}

function cellEnd(raw: string, start: number, { delimiter, quote }: Separators): number {
  let at = start;
  if (quote !== '' && raw[at] === quote) {
    for (at += 1; raw[at] !== quote || raw[at + 1] === quote; at += raw[at] === quote ? 2 : 1) {
      if (at >= raw.length) return raw.length;
    }
  }
  const end = raw.indexOf(delimiter, at);
  return end < 0 ? raw.length : end;
}

/** A text as a cell of its own. Where quotes mean nothing it cannot hold what ends one. */
export function cellOf(text: string, { delimiter, quote }: Separators, { isQuoted = false } = {}): string {
  if (quote === '') return text.replaceAll(delimiter, ' ').replaceAll(/[\r\n]+/g, ' ');
  const isPlain = ![delimiter, quote, '\r', '\n'].some((end) => text.includes(end));
  return isPlain && text !== '' && !isQuoted ? text : `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;
}
