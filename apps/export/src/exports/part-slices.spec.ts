import { describe, expect, it } from '@jest/globals';
import { BSON, type ObjectId } from 'bson';
import { partSlices } from './part-slices.ts';

const exportId = '0195e5a1';

describe('the slices of a part', () => {
  it.each([1, 255, 1024 * 1024])('are its document, with %d bytes', (length) => {
    const bytes = Uint8Array.from({ length }, (_, index) => index % 251);

    const slices = partSlices(exportId, 3_000_000_000, bytes);

    const { _id, ...part } = BSON.deserialize(Buffer.concat(slices), { promoteBuffers: true }) as { _id: ObjectId };
    expect(part).toEqual({ exportId, offset: 3_000_000_000, bytes: Buffer.from(bytes) });
    expect(BSON.serialize({ _id, ...part })).toEqual(new Uint8Array(Buffer.concat(slices)));
    expect(slices[1]).toBe(bytes);
  });
});
