import { zstdDecompressSync } from 'node:zlib';

/** All frames of a zstd file (RFC 8878 §3): Node.js before 24.22 stops behind the first. */
export function unpackZstd(bytes: Uint8Array): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const unpacked: unknown = zstdDecompressSync(bytes.subarray(at), { info: true });
    const { buffer, engine } = unpacked as { buffer: Buffer; engine: { bytesWritten: number } };
    frames.push(buffer);
    at += engine.bytesWritten;
  }
  return Buffer.concat(frames);
}
