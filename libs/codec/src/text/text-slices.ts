const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes behind the first one of a character in UTF-8. */
const maxContinuation = 3;

/** Cuts text in UTF-8 into slices of at most so many bytes, at least 4, between its characters. Invalid bytes end nowhere else. */
export function* textSlices(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxBytes: number,
): Generator<readonly [from: number, to: number]> {
  for (let from = start; from < end;) {
    const to = Math.min(from + Math.max(maxBytes, maxContinuation + 1), end);
    const cut = to < end ? characterStart(bytes, to) : end;
    yield [from, cut];
    from = cut;
  }
}

/** Where the character begins that the byte is of; the byte itself where more such bytes stand before it than a character has. */
function characterStart(bytes: Uint8Array, at: number): number {
  for (let back = 0; back <= maxContinuation; back += 1) if (!isContinuation(bytes[at - back])) return at - back;
  return at;
}
