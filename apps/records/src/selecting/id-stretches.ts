import { firstElement, valuesOf, type RawBatch, type RawElement } from '@keyport/mongo';

/** Ids of a stretch: a page takes a few thousand. */
const maxIds = 10_000;
const maxBytes = 256 * 1024;

/** The `_id`s of documents that begin with it, in their order, in stretches that a document of MongoDB holds with ease. */
export function* idStretches({ bytes, starts }: Pick<RawBatch, 'bytes' | 'starts'>): Generator<unknown[]> {
  let stretch: RawElement[] = [];
  let size = 0;
  for (const start of starts) {
    const id = firstElement(bytes, start);
    if (!id) continue;
    const length = id.end - id.valueStart;
    if (stretch.length === maxIds || (stretch.length > 0 && size + length > maxBytes)) {
      yield valuesOf(stretch);
      [stretch, size] = [[], 0];
    }
    stretch.push(id);
    size += length;
  }
  if (stretch.length > 0) yield valuesOf(stretch);
}
