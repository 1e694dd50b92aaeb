import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import type { ExportCompression } from '@keyport/contracts';

export type Compression = Exclude<ExportCompression, 'none'>;

const gzipped = promisify(gzip);
const zstded = promisify(zstdCompress);
/** So that a damaged file is noticed, as gzip always does. */
const zstdOptions = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/**
 * The text as a member of gzip (RFC 1952 §2.2) or a frame of zstd (RFC 8878 §3.1): several of them, one behind the other,
 * are a whole file too. The same text always becomes the same bytes. Runs beside the event loop, in libuv's threads.
 */
export function compress(text: Uint8Array, compression: Compression): Promise<Uint8Array> {
  return compression === 'gzip' ? gzipped(text) : zstded(text, zstdOptions);
}
