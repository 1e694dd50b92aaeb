/** A row's text for people to read, at most `maxBytes` of it, never half a character. */
export function rawText(bytes: Buffer, start: number, end: number, maxBytes: number): string {
  if (end - start <= maxBytes) return bytes.toString('utf8', start, end).trimEnd();
  let cut = start + maxBytes;
  for (let back = 0; back < 3 && cut > start && (bytes[cut]! & 0xc0) === 0x80; back++) cut--;
  return bytes.toString('utf8', start, cut);
}
