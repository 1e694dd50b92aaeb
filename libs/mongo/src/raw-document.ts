import { BSON } from 'bson';
import { bsonType, type RawElement } from './raw-bson.ts';

/** What keeps every value's own type: a Long stays a Long, an int 5 does not become a double. */
const exactTypes = { promoteValues: false, promoteBuffers: false, promoteLongs: false, bsonRegExp: true } as const;

/** A document made of elements that lie in other documents, under their own names. */
export function documentOf(...elements: readonly RawElement[]): Buffer {
  return joinDocument(elements.map(({ bytes, start, end }) => bytes.subarray(start, end)));
}

/** A document from slices that each hold whole elements. */
export function joinDocument(slices: readonly Uint8Array[]): Buffer {
  const length = slices.reduce((sum, slice) => sum + slice.length, 5);
  const document = Buffer.allocUnsafe(length);
  document.writeInt32LE(length, 0);
  let at = 4;
  for (const slice of slices) {
    document.set(slice, at);
    at += slice.length;
  }
  document[at] = 0;
  return document;
}

/** The bytes of one element under another name. */
export function renamed(element: RawElement, name: string): Buffer {
  const value = element.bytes.subarray(element.valueStart, element.end);
  return Buffer.concat([Buffer.from([element.type]), Buffer.from(`${name}\0`), value]);
}

/** The values of elements as the driver takes them, every BSON type kept. */
export function valuesOf(elements: readonly RawElement[]): unknown[] {
  const names = elements.map((_, index) => String(index));
  const lengths = elements.map(({ valueStart, end }, index) => end - valueStart + (names[index]?.length ?? 0) + 2);
  const document = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 5));
  document.writeInt32LE(document.length, 0);
  let at = 4;
  elements.forEach(({ bytes, type, valueStart, end }, index) => {
    document[at] = type;
    at += 1 + document.write(`${names[index] ?? ''}\0`, at + 1, 'latin1');
    at += bytes.copy(document, at, valueStart, end);
  });
  document[at] = 0;
  const values = BSON.deserialize(document, exactTypes);
  return names.map((name): unknown => values[name]);
}

/** A document as objects in which every BSON type is kept. For small ones. */
export const readExactly = (document: Uint8Array): BSON.Document => BSON.deserialize(document, exactTypes);

/** An element that holds a document (or, as `array`, a list whose elements are named 0, 1, …). */
export function embedded(name: string, document: Uint8Array, type: number = bsonType.document): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), document]);
}
