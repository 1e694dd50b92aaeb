import { createHash } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { asBuffer, documentOf, firstElement, joinDocument, readExactly, type RawElement } from '@keyport/mongo';
import { Binary, BSON, Timestamp } from 'bson';

/** NATS carries 8 MB (`max_payload`): a document that does not fit travels in parts. */
const maxReplyBytes = 7_900_000;
/** Bytes of a part. */
const partBytes = 4 * 1024 * 1024;

export const isLarge = (document: Uint8Array): boolean => document.length > maxReplyBytes;

/** A document that no message carries: which one, and of which state. */
export interface LargeRecord {
  readonly id: unknown;
  readonly at: Timestamp;
  /** Of the document as it is shown. */
  readonly digest: Buffer;
}

export const digestOf = (document: Uint8Array): Buffer => createHash('sha256').update(document).digest();

/** An `_id` that is no record's yet. */
export function elementOf(id: unknown): RawElement {
  const element = firstElement(Buffer.from(BSON.serialize({ _id: id }, { ignoreUndefined: false })));
  if (!element) throw new KeyportError('CURSOR_INVALID');
  return element;
}

/** As BSON, so that `_id` keeps its type: `{_id, c, t, h}`. */
export function largeRecordBytes(id: RawElement, collectionName: string, at: Timestamp, document: Uint8Array): Buffer {
  const rest = BSON.serialize({ c: collectionName, t: at, h: new Binary(digestOf(document)) });
  return joinDocument([documentOf(id).subarray(4, -1), rest.subarray(4, -1)]);
}

/** Throws CURSOR_INVALID, also where it is of another collection: the dataset was deleted and made anew. */
export function largeRecordOf(bytes: Uint8Array, collectionName: string): LargeRecord {
  const { _id: id, c, t, h } = readExactly(asBuffer(bytes));
  if (id === undefined || c !== collectionName || !(t instanceof Timestamp) || !(h instanceof Binary))
    throw new KeyportError('CURSOR_INVALID');
  return { id, at: t, digest: Buffer.from(h.value()) };
}

export interface Part {
  readonly part: number;
  readonly of: number;
  readonly bytes: Uint8Array;
}

/** Numbered from 1. The parts share memory with the document. */
export function partsOf(document: Uint8Array): Part[] {
  const of = Math.max(1, Math.ceil(document.length / partBytes));
  return Array.from({ length: of }, (_, index) => ({
    ...{ part: index + 1, of },
    bytes: document.subarray(index * partBytes, (index + 1) * partBytes),
  }));
}
