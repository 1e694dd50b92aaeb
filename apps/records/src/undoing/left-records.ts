import type { LeftRecord } from '@keyport/contracts';
import { bsonType, readExactly, documentOf, type RawElement } from '@keyport/mongo';
import { EJSON } from 'bson';

/** UTF-8 bytes of ids that one answer names: JSON may make six of one, and a message has at most 8 MB. */
const maxNamedBytes = 1024 * 1024;

/** Names the records as far as there is room. */
export function named(
  ids: readonly { readonly id: RawElement; readonly reason: LeftRecord['reason'] }[],
): LeftRecord[] {
  const names: LeftRecord[] = [];
  let room = maxNamedBytes;
  for (const { id, reason } of ids) {
    room -= id.end - id.valueStart;
    if (room >= 0) names.push({ id: idText(id), reason });
  }
  return names;
}

/** The text by which the address of a record names its id (record-id.ts reads it). */
export function idText(id: RawElement): string {
  const { bytes, type, valueStart, end } = id;
  if (type === bsonType.objectId) return bytes.toString('hex', valueStart, end);
  if (type === bsonType.string) return bytes.toString('utf8', valueStart + 4, end - 1);
  return EJSON.stringify((readExactly(documentOf(id)) as { readonly _id: unknown })._id, { relaxed: false });
}
