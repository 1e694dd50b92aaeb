import { asBuffer, bsonType, documentEnd, elementsOf } from '@keyport/mongo';

/** The NUL behind a name and the eight bytes of Timestamp(0, 0); of many values of zero too. */
const zeros = 9;

/**
 * The documents, of those that lie in the slice one behind the other, in which a field at the top is Timestamp(0, 0). An
 * insert or a replacement stores the present time for it, a pipeline stores what it says (MongoDB manual, "Timestamps").
 * Few documents hold any type byte of a timestamp before so many zeros, and only those are walked over.
 */
export function withEmptyTimestamps(slice: Uint8Array): Buffer[] {
  const bytes = asBuffer(slice);
  if (!mayHoldEmptyTimestamp(bytes)) return [];
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = documentEnd(bytes, at);
    const document = bytes.subarray(at, end);
    if (mayHoldEmptyTimestamp(document) && hasEmptyTimestamp(document)) found.push(document);
    at = end;
  }
  return found;
}

export function hasEmptyTimestamp(document: Buffer): boolean {
  for (const { type, bytes, valueStart } of elementsOf(document)) {
    if (type === bsonType.timestamp && bytes.readBigUInt64LE(valueStart) === 0n) return true;
  }
  return false;
}

function mayHoldEmptyTimestamp(bytes: Buffer): boolean {
  for (let at = zerosBehind(bytes, 0); at >= 0; at = zerosBehind(bytes, at + zeros)) {
    // A name without a letter stands right behind its type.
    for (let before = at - 1; before >= 0 && bytes[before] !== 0; before -= 1) {
      if (bytes[before] === bsonType.timestamp) return true;
    }
  }
  return false;
}

/** Where the next run of so many zeros begins; -1 where there is none. Looks at one byte in nine: every row passes here. */
function zerosBehind(bytes: Buffer, from: number): number {
  for (let at = from + zeros - 1; at < bytes.length; at += zeros) {
    if (bytes[at] !== 0) continue;
    let start = at;
    while (start > from && bytes[start - 1] === 0) start -= 1;
    while (at + 1 < bytes.length && bytes[at + 1] === 0) at += 1;
    if (at - start + 1 >= zeros && bytes[start - 1] !== 0) return start;
  }
  return -1;
}
