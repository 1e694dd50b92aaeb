import { describe, expect, it } from '@jest/globals';
import { BSON, Int32 } from 'bson';
import { identify, identifyingFields, isRejection, type Identity } from './chunk.ts';
import { filterFor } from './lookup.ts';

function identities(fields: string[], documents: BSON.Document[]): Identity[] {
  return documents.flatMap((document, index) => {
    const found = identify(Buffer.from(BSON.serialize({ _id: index, ...document })), index, {
      key: identifyingFields(fields),
      match: null,
    });
    return isRejection(found) || !found.key ? [] : [found.key];
  });
}

describe('a lookup of stored rows', () => {
  it('asks for all values of one field at once', () => {
    expect(filterFor(['a'], identities(['a'], [{ a: 1 }, { a: 'x' }]))).toEqual({ a: { $in: [new Int32(1), 'x'] } });
  });

  it('asks for several fields in groups that share all but the last', () => {
    const rows = [
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      { a: 1, b: 2 },
    ];

    expect(filterFor(['a', 'b'], identities(['a', 'b'], rows))).toEqual({
      $or: [
        { a: { $eq: new Int32(1) }, b: { $in: [new Int32(1), new Int32(2)] } },
        { a: { $eq: new Int32(2) }, b: { $in: [new Int32(1)] } },
      ],
    });
  });
});
