import { describe, expect, it } from '@jest/globals';
import { BSON, Int32 } from 'bson';
import { identifyingFields, isRejection, readRow } from './chunk.ts';
import { filterFor } from './lookup.ts';

function filter(names: string[], documents: BSON.Document[]) {
  const fields = identifyingFields(names);
  const rows = documents.flatMap((document, index) => {
    const bytes = Buffer.from(BSON.serialize({ _id: index, ...document }));
    const row = readRow(bytes, 0, index, { key: fields, match: null });
    return isRejection(row) ? [] : [row];
  });
  return filterFor(fields, rows);
}

describe('a lookup of stored rows', () => {
  it('asks for all values of one field at once', () => {
    expect(filter(['a'], [{ a: 1 }, { a: 'x' }])).toEqual({ a: { $in: [new Int32(1), 'x'] } });
  });

  it('asks for several fields in groups that share all but the last', () => {
    const rows = [
      { a: 1, b: 1 },
      { a: 2, b: 1 },
      { a: 1, b: 2 },
    ];

    expect(filter(['a', 'b'], rows)).toEqual({
      $or: [
        { a: { $eq: new Int32(1) }, b: { $in: [new Int32(1), new Int32(2)] } },
        { a: { $eq: new Int32(2) }, b: { $in: [new Int32(1)] } },
      ],
    });
  });
});
