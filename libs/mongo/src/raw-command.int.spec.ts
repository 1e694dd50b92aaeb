import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { BSON, Decimal128, Double, Int32, Long } from 'bson';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { comparable } from './comparable.ts';
import { connectMongo } from './mongo.module.ts';
import { elementsOf } from './raw-bson.ts';
import { deleteRaw, insertRaw, RefusedWrite, updateRaw } from './raw-command.ts';
import { findBatches, findFirstBatch } from './raw-find.ts';
import { retriedTransaction } from './retried-transaction.ts';

let servers: Servers;
let connection: Connection;
let db: mongo.Db;
let session: ClientSession;

const raw = (document: BSON.Document) => Buffer.from(BSON.serialize(document));
const bytesOf = (documents: readonly BSON.Document[]) => Buffer.concat(documents.map(raw));

beforeAll(async () => {
  servers = await startTemporaryServers();
  connection = (await connectMongo(servers.mongodbUrl)).useDb('raw');
  db = connection.db as mongo.Db;
  session = await connection.startSession();
});

afterAll(async () => {
  await session.endSession();
  await connection.close();
  await servers.stop();
});

describe('raw commands', () => {
  it('store the bytes of several documents exactly as they are', async () => {
    const documents = [
      { _id: new Int32(1), $dollar: new Double(1), 'a.b': Long.fromNumber(2) },
      { _id: 'two', nested: { z: 1, a: [new Decimal128('1.10')] } },
    ];

    const inserted = await insertRaw(db, 'exact', [bytesOf(documents)], session);

    const stored = await db
      .collection('exact')
      .find({}, { promoteValues: false, sort: { _id: 1 } })
      .toArray();
    expect(inserted).toBe(2);
    expect(stored.map((document) => raw(document).toString('hex'))).toEqual(
      documents.map((d) => raw(d).toString('hex')),
    );
  });

  it.each([
    ['in one large slice', [40]],
    ['in several large ones', [20, 20, 20]],
    ['a large one between small ones', [1, 40, 1]],
    ['small ones behind a large one', [40, 1, 2]],
    ['in more slices than are sent one by one', [20, 1, 20, 1, 20]],
    ['in many small ones', Array.from({ length: 100 }, () => 1)],
  ])('send large documents whole and in their order, %s', async (_how, counts) => {
    const name = `large-${counts.join('-').slice(0, 40)}`;
    const documents = counts.map((count, slice) =>
      Array.from({ length: count }, (_, index) => ({ _id: slice * 1000 + index, text: `${index}`.repeat(2_000) })),
    );

    const inserted = await insertRaw(db, name, documents.map(bytesOf), session);

    const stored = await db.collection(name).find().sort({ _id: 1 }).toArray();
    expect(inserted).toBe(documents.flat().length);
    expect(stored).toEqual(documents.flat());
  });

  it('say which document of several slices was refused, for which fields', async () => {
    await db.collection('unique').createIndex({ a: 1 }, { unique: true });
    const slices = [
      bytesOf([
        { _id: 1, a: 1 },
        { _id: 2, a: 2 },
      ]),
      raw({ _id: 3, a: 1 }),
    ];

    const refused = await insertRaw(db, 'unique', slices, session).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(RefusedWrite);
    expect((refused as RefusedWrite).fault).toMatchObject({ index: 2, code: 11000, fields: ['a'] });
  });

  it('refuse a duplicate inside a transaction, which then holds nothing', async () => {
    await insertRaw(db, 'aborted', [raw({ _id: 1 })], session);

    const work = () => insertRaw(db, 'aborted', [bytesOf([{ _id: 2 }, { _id: 1 }])], session);
    const refused = await retriedTransaction(session, work, { retryForMs: 1_000 }).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(RefusedWrite);
    expect(await db.collection('aborted').countDocuments()).toBe(1);
  });

  it('run ready update statements', async () => {
    await insertRaw(db, 'updated', [raw({ _id: 1, a: 1 })], session);

    const updated = await updateRaw(db, 'updated', [raw({ q: { _id: 1 }, u: { _id: 1, b: 2 } })], session);

    expect(updated).toBe(1);
    expect(await db.collection('updated').findOne()).toEqual({ _id: 1, b: 2 });
  });

  it('run ready delete statements, and count what they deleted', async () => {
    await insertRaw(db, 'deleted', [bytesOf([{ _id: 1 }, { _id: 2 }, { _id: 3 }])], session);

    const several = raw({ q: { _id: { $in: [1, 3, 9] } }, limit: 0, hint: { _id: 1 } });
    const deleted = await deleteRaw(db, 'deleted', [several, raw({ q: { _id: 9 }, limit: 1 })], session);

    expect(deleted).toBe(2);
    expect(await db.collection('deleted').find().toArray()).toEqual([{ _id: 2 }]);
  });

  it('find documents as bytes, batch after batch', async () => {
    const documents = Array.from({ length: 250 }, (_, index) => ({ _id: new Int32(index), text: 'x'.repeat(index) }));
    await insertRaw(db, 'batches', [bytesOf(documents)], session);

    const found: Buffer[] = [];
    for await (const { bytes, starts } of findBatches(db, { find: 'batches', sort: { _id: 1 }, batchSize: 100 })) {
      for (const start of starts) found.push(bytes.subarray(start, start + bytes.readInt32LE(start)));
    }
    const first = await findFirstBatch(db, { find: 'batches', batchSize: 100 });

    expect(Buffer.concat(found).equals(bytesOf(documents))).toBe(true);
    expect(first.starts).toHaveLength(100);
    expect(first.isWhole).toBe(false);
  });

  it('take values for equal exactly where a unique index does', async () => {
    const values = [
      ...[new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1.0'), new Double(0.1), true, '1'],
      ...[Decimal128.fromString('0.1'), Decimal128.fromString('0.10'), new Double(0.5), Decimal128.fromString('5E-1')],
      ...[
        null,
        new Double(NaN),
        Decimal128.fromString('NaN'),
        new Double(-0),
        new Int32(0),
        { a: 1 },
        { a: new Double(1) },
      ],
      ...[
        new BSON.BSONSymbol('1'),
        new BSON.Binary(Buffer.from('1')),
        { a: '1' },
        {},
        new Date(1),
        Long.fromString('9007199254740993'),
      ],
      ...[
        new Double(9007199254740992),
        Decimal128.fromString('9007199254740993'),
        new Double(1e300),
        Decimal128.fromString('1E+300'),
      ],
      ...[
        new BSON.Timestamp({ t: 0, i: 1 }),
        Decimal128.fromString('Infinity'),
        new Double(Infinity),
        new Double(5e-324),
      ],
    ];
    await db.collection('equal').createIndex({ v: 1 }, { unique: true });
    const known = new Set<string>();

    for (const [index, v] of values.entries()) {
      const text = comparable([...elementsOf(raw({ v }))][0]);
      const outcome = await insertRaw(db, 'equal', [raw({ _id: index, v })], session).catch(() => 0);
      expect([index, outcome]).toEqual([index, known.has(text) ? 0 : 1]);
      known.add(text);
    }
  });
});

describe('a retried transaction', () => {
  it('starts again when it met another one, and ends in WRITE_CONFLICT when that one stays', async () => {
    await insertRaw(db, 'conflict', [raw({ _id: 1, n: 0 })], session);
    const other = await connection.startSession();
    other.startTransaction();
    await db.collection('conflict').updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { session: other });
    const increment = () => db.collection('conflict').updateOne({ _id: 1 as never }, { $inc: { n: 1 } }, { session });

    const lost = await retriedTransaction(session, increment, { retryForMs: 200 }).catch((error: unknown) => error);
    const beforeRetry = async (failed: number) => {
      if (failed === 2) await other.commitTransaction();
    };
    await retriedTransaction(session, increment, { retryForMs: 50_000, beforeRetry });

    await other.endSession();
    expect(lost).toBeInstanceOf(KeyportError);
    expect((lost as KeyportError).code).toBe('WRITE_CONFLICT');
    expect(await db.collection('conflict').findOne()).toEqual({ _id: 1, n: 2 });
  });
});
