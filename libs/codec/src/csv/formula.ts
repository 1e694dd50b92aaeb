const apostrophe = 0x27;

/** What a spreadsheet begins a formula by, or passes over before one (OWASP, "CSV Injection"; ASVS 5.0, 1.2.10). */
const triggers = new Uint8Array(256);
for (const character of '=+-@\t\r\n\0') triggers[character.charCodeAt(0)] = 1;

/** Last bytes of the full-width `＋`, `－`, `＝` and `＠`, U+FF0B and so on. */
const fullWidth = new Set([0x8b, 0x8d, 0x9d, 0xa0]);

/**
 * Whether a spreadsheet may take the text for a formula, or would but for apostrophes before it: those texts are written
 * with one apostrophe more, so that whoever takes one away from each such text has them back.
 */
export function looksLikeFormula(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] === apostrophe) at++;
  if (at >= end) return false;
  if (triggers[bytes[at]!] === 1) return true;
  return bytes[at] === 0xef && bytes[at + 1] === 0xbc && at + 3 <= end && fullWidth.has(bytes[at + 2]!);
}

/** Whether the text begins with such an apostrophe. */
export const isEscapedFormula = (bytes: Uint8Array, start: number, end: number): boolean =>
  bytes[start] === apostrophe && looksLikeFormula(bytes, start, end);

/** The name of a column without its apostrophe. */
export function unescapedFormula(name: string): string {
  const bytes = Buffer.from(name);
  return isEscapedFormula(bytes, 0, bytes.length) ? name.slice(1) : name;
}
