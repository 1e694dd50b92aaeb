import { describe, expect, it } from '@jest/globals';
import { Decimal128, Long, ObjectId, serialize } from 'bson';
import { describeColumns } from '../csv/described-columns.ts';
import { storedFields } from './stored-fields.ts';

describe('storedFields', () => {
  it('names fields by path with every type that occurs, and how often', () => {
    const documents = [
      { _id: new ObjectId(), n: 1, in: { at: new Date(0), list: [{ x: 1 }] } },
      { _id: 'x', n: Long.fromNumber(1), in: null },
      { n: Decimal128.fromString('1') },
    ].map((one) => serialize(one));

    expect(storedFields(documents, 100)).toEqual([
      { path: '_id', types: ['objectId', 'string'], documents: 2 },
      { path: 'n', types: ['int', 'long', 'decimal'], documents: 3 },
      { path: 'in', types: ['object', 'null'], documents: 2 },
      { path: 'in.at', types: ['date'], documents: 1 },
      { path: 'in.list', types: ['array'], documents: 1 },
    ]);
    expect(storedFields(documents, 2).map(({ path }) => path)).toEqual(['_id', 'n']);
  });
});

describe('describeColumns', () => {
  it('says to which field a column goes and as what', () => {
    const options = { format: 'csv', types: 'header', fieldTypes: { at: 'date' } } as const;

    expect(describeColumns(options, ['in.qty.int32()', 'at', 'name.string()'])).toEqual([
      { column: 'in.qty.int32()', field: 'in.qty', type: 'int32' },
      { column: 'at', field: 'at', type: 'date' },
      { column: 'name.string()', field: 'name', type: 'string' },
    ]);
    expect(describeColumns({ format: 'csv', types: 'lossless' }, ['a'])).toEqual([
      { column: 'a', field: 'a', type: 'lossless' },
    ]);
    expect(() => describeColumns({ format: 'csv' }, ['a', 'a'])).toThrow('occurs twice');
  });
});
