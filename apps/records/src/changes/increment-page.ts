import { deletedField } from '@keyport/contracts';
import {
  asBuffer,
  comparable,
  documentEnd,
  documentOf,
  firstElement,
  joinDocument,
  type RawBatch,
  type RawElement,
} from '@keyport/mongo';
import { BSON } from 'bson';

/** A record that changed, by its `_id`. */
export interface Changed {
  readonly id: RawElement;
  readonly seq: number;
}

export interface IncrementPage {
  readonly documents: Buffer;
  readonly count: number;
  /** Of the last change given; undefined where there was none. */
  readonly lastSeq: number | undefined;
}

/** Without its length and its end. */
const mark = asBuffer(BSON.serialize({ [deletedField]: true })).subarray(4, -1);

/** What stands for a record that is gone. */
export const tombstoneOf = (id: RawElement): Buffer => joinDocument([mark, documentOf(id).subarray(4, -1)]);

/**
 * Changed records in the order of their changes, each as it is now: one of `records`, or gone. Ends before `maxBytes`
 * would be exceeded, but not before the first.
 */
export function incrementPageOf(changed: readonly Changed[], records: RawBatch, maxBytes: number): IncrementPage {
  const present = byId(records);
  const documents: Buffer[] = [];
  let bytes = 0;
  let lastSeq: number | undefined;
  for (const { id, seq } of changed) {
    const document = present.get(comparable(id)) ?? tombstoneOf(id);
    bytes += document.length;
    if (documents.length > 0 && bytes > maxBytes) break;
    documents.push(document);
    lastSeq = seq;
  }
  return { documents: Buffer.concat(documents), count: documents.length, lastSeq };
}

function byId({ bytes, starts }: RawBatch): ReadonlyMap<string, Buffer> {
  return new Map(
    starts.map((start) => [comparable(firstElement(bytes, start)), bytes.subarray(start, documentEnd(bytes, start))]),
  );
}
