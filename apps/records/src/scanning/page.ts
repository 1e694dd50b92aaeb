import { firstElement, type RawBatch, type RawElement } from '@keyport/mongo';

/** Records of one page, one behind the other. */
export interface Page {
  readonly documents: Buffer;
  readonly count: number;
  /** `_id` of the last record; undefined where there was none. */
  readonly last: RawElement | undefined;
  /** True where the batch held more than the page. */
  readonly isCut: boolean;
}

export interface PageLimits {
  readonly maxBytes: number;
  /** At most so many records. */
  readonly limit?: number | undefined;
  readonly withId: boolean;
}

/** Copies records into one buffer until the next one would exceed the budget; at least one. */
export function pageOf({ bytes, starts }: RawBatch, { maxBytes, limit, withId }: PageLimits): Page {
  let total = 0;
  let count = 0;
  for (const start of starts) {
    const length = bytes.readInt32LE(start);
    if (count === limit || (count > 0 && total + length > maxBytes)) break;
    total += length;
    count += 1;
  }
  const kept = starts.slice(0, count);
  const lastStart = kept.at(-1);
  return {
    documents: withId ? joined(bytes, kept, total) : Buffer.concat(kept.map((start) => withoutId(at(bytes, start)))),
    count,
    last: lastStart === undefined ? undefined : firstElement(at(bytes, lastStart)),
    isCut: count < starts.length,
  };
}

const at = (bytes: Buffer, start: number) => bytes.subarray(start, start + bytes.readInt32LE(start));

/** One document is not copied: it may have 16 MB. */
const joined = (bytes: Buffer, kept: readonly number[], total: number): Buffer =>
  kept[0] !== undefined && kept.length === 1 ? at(bytes, kept[0]) : concatenated(bytes, kept, total);

function concatenated(bytes: Buffer, starts: readonly number[], total: number): Buffer {
  const documents = Buffer.allocUnsafe(total);
  let written = 0;
  for (const start of starts) written += bytes.copy(documents, written, start, start + bytes.readInt32LE(start));
  return documents;
}

/** Without its first element, which is `_id` in every stored record. */
export function withoutId(document: Buffer): Buffer {
  const end = firstElement(document)?.end ?? 4;
  const rest = Buffer.allocUnsafe(document.length - end + 4);
  rest.writeInt32LE(rest.length, 0);
  document.copy(rest, 4, end);
  return rest;
}

/** A page of small records is cut off here. */
const maxRecords = 50_000;
/** The average of the pages before says little about a page whose records are much smaller. */
const maxGrowth = 4;

/** How many records to ask for: what fits by the average, and one more, which tells whether there are any. */
export function recordsToAskFor(maxBytes: number, averageBytes: number, limit: number | undefined): number {
  const fitting = Math.ceil(maxBytes / averageBytes);
  return Math.min(fitting, maxRecords, limit ?? Infinity) + 1;
}

/** Average for the next page; follows downwards only by steps, so that large records after small ones are not read in vain. */
export const nextAverage = (page: Page, before: number): number =>
  page.count === 0 ? before : Math.max(page.documents.length / page.count, before / maxGrowth, 1);
