/** Views of at most `maxBytes` on the bytes, in order; of no bytes, one empty view. */
export function cutBytes(bytes: Uint8Array, maxBytes: number): Uint8Array[] {
  const pieces = [bytes.subarray(0, maxBytes)];
  for (let from = maxBytes; from < bytes.length; from += maxBytes) pieces.push(bytes.subarray(from, from + maxBytes));
  return pieces;
}
