import type { ByteSink } from './byte-sink.ts';

/** `_id` as an ObjectId made by us: type byte, name and NUL, twelve bytes. */
export const generatedIdLength = 17;

/** Writes an array element's name (its index) and the NUL behind it. */
export function writeIndexName(sink: ByteSink, index: number): void {
  sink.reserve(12);
  const { bytes } = sink;
  if (index < 10) {
    bytes[sink.length++] = 0x30 + index;
  } else {
    const digits = String(index);
    for (let i = 0; i < digits.length; i++) bytes[sink.length++] = digits.charCodeAt(i);
  }
  bytes[sink.length++] = 0;
}

export function writeGeneratedId(bytes: Buffer, at: number, prefix: Uint8Array, row: number): void {
  bytes[at] = 0x07;
  bytes[at + 1] = 0x5f;
  bytes[at + 2] = 0x69;
  bytes[at + 3] = 0x64;
  bytes[at + 4] = 0;
  for (let i = 0; i < 8; i++) bytes[at + 5 + i] = prefix[i]!;
  bytes.writeUInt32BE(row, at + 13);
}
