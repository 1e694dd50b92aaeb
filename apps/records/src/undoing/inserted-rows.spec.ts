import { describe, expect, it } from '@jest/globals';
import { documentOf } from '@keyport/mongo';
import { BSON, Decimal128, Long, ObjectId } from 'bson';
import { InsertedRows, insertedRows, recordHash } from './inserted-rows.ts';

const source = '00000000000000aa';
const made = (row: number) => new ObjectId(source + row.toString(16).padStart(8, '0'));
const bytesOf = (document: BSON.Document) => Buffer.from(BSON.serialize(document));

function remembered(...documents: readonly BSON.Document[]) {
  const rows = new InsertedRows(source);
  for (const document of documents) rows.insert(bytesOf(document));
  const stored = rows.stored();
  if (!stored) throw new Error('nothing was inserted');
  return stored;
}

const idsIn = (stored: ReturnType<typeof remembered>) =>
  insertedRows(source, stored).map(
    ({ id }) => BSON.deserialize(documentOf(id), { promoteValues: false })['_id'] as unknown,
  );

describe('what a chunk inserted', () => {
  it('is the ids and hashes of its documents, in their order', () => {
    const documents = [{ _id: made(0xfffffff0), a: 1 }, { _id: made(3), a: 2 }, { _id: made(4) }, { _id: made(5) }];

    const rows = insertedRows(source, remembered(...documents));

    expect(rows.map(({ hash }) => hash)).toEqual(documents.map((document) => recordHash(bytesOf(document))));
    expect(idsIn(remembered(...documents)).map(String)).toEqual(documents.map(({ _id }) => String(_id)));
  });

  it('takes 16 bytes a row, and eight more for each run of made ids', () => {
    const { runs, ids, hashes } = remembered(...[1, 2, 3, 7, 8].map((row) => ({ _id: made(row) })));

    expect(runs).toHaveLength(2 * 8);
    expect(ids).toBeUndefined();
    expect(hashes).toHaveLength(5 * 16);
  });

  it('keeps ids of every type as they are, also where only one was not made', () => {
    const ids = [
      'text',
      Long.fromNumber(7),
      new Decimal128('1.10'),
      { a: [1, 'x'] },
      made(1),
      '',
      new ObjectId(),
      null,
    ];

    const kept = idsIn(remembered(...ids.map((_id) => ({ _id, a: 1 }))));

    expect(BSON.serialize({ kept })).toEqual(BSON.serialize({ kept: ids }));
  });

  it('follows what the chunk makes of a record that it inserted, and of no other', () => {
    const rows = new InsertedRows(source);
    rows.insert(bytesOf({ _id: 'one', a: 1 }));
    rows.replace(bytesOf({ _id: 'older', a: 5 }));
    rows.insert(bytesOf({ _id: 'two', a: 2 }));
    rows.replace(bytesOf({ _id: 'two', a: 3 }));

    const stored = rows.stored();

    expect(insertedRows(source, stored ?? { hashes: Buffer.alloc(0) }).map(({ hash }) => hash)).toEqual([
      recordHash(bytesOf({ _id: 'one', a: 1 })),
      recordHash(bytesOf({ _id: 'two', a: 3 })),
    ]);
  });

  it('is nothing where nothing was inserted', () => {
    const rows = new InsertedRows(source);
    rows.replace(bytesOf({ _id: 'older', a: 5 }));

    expect(rows.stored()).toBeUndefined();
  });
});
