/** True where a gzip member begins (RFC 1952 §2.3.1), as no text in UTF-8 does. */
export const beginsAsGzip = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0x1f && bytes[at + 1] === 0x8b;

/** Behind the words "the file". */
export const looksGzipped = 'looks gzip-compressed: send Content-Encoding: gzip';
