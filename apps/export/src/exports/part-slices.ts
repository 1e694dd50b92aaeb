import { BSON, ObjectId } from 'bson';
import type { PartRecord } from './part.model.ts';

const noBytes = new Uint8Array();
/** Of a BSON binary's value, the length and the subtype; and the end of the document behind it. */
const binaryHead = 5;
const documentEnd = Uint8Array.of(0);

/**
 * A {@link PartRecord} as BSON in three slices, of which the middle one is the bytes themselves: the driver's own
 * serializer copies each part twice, a file's every byte.
 */
export function partSlices(exportId: string, offset: number, bytes: Uint8Array): Uint8Array[] {
  const empty: PartRecord & { _id: ObjectId } = { _id: new ObjectId(), exportId, offset, bytes: Buffer.from(noBytes) };
  const document = Buffer.from(BSON.serialize(empty));
  const head = document.subarray(0, -documentEnd.length);
  head.writeInt32LE(document.length + bytes.length, 0);
  head.writeInt32LE(bytes.length, head.length - binaryHead);
  return [head, bytes, documentEnd];
}
