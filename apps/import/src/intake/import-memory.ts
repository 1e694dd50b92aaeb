import { windowBytes } from '@keyport/codec';
import type { ContentEncoding } from '@keyport/contracts';

/**
 * Bytes that one import can hold: two pieces, the rows of an unfinished chunk, and four chunks on their way to the
 * writer, twice each (as rows and in their message).
 */
const bytesAnImport = 8 * 1024 * 1024;

/** What an import may hold in memory while it is worked on: with it goes the window that unpacking takes. */
export const memoryOf = (encoding: ContentEncoding): number => bytesAnImport + windowBytes[encoding];

/** The most that any import may hold. */
export const mostMemory = Math.max(
  ...Object.keys(windowBytes).map((encoding) => memoryOf(encoding as ContentEncoding)),
);
