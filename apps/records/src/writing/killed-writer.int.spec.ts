import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectMongo } from '@keyport/mongo';
import mongoose from 'mongoose';
import { RecordsSystem } from '../harness/records-system.ts';
import { ledgerId } from './ledger.repository.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(1);
});

afterAll(() => system.stop());

/** A request that was in hand when its process was killed is answered by nobody. */
const impatiently = { timeoutMs: 5_000, retryForMs: 50_000 };

const rows = Array.from({ length: 1_000 }, (_, n) => ({ _id: n, n, text: 'x'.repeat(300) }));

describe('a killed writer', () => {
  it('holds up the redelivered chunk only until its session has been ended', async () => {
    await system.dataset('orphaned', { key: ['n'] });
    const { collectionName } = await system.collectionOf('orphaned');
    // Else the server itself would end an abandoned transaction after 10 s.
    await system.letTransactionsLive(600);
    // What a process leaves that was killed just before its commit, under the service's own MongoDB user.
    const dead = await connectMongo(system.servers.envOf('records').MONGODB_URL ?? '');
    const session = await dead.startSession();
    session.startTransaction();
    await dead.collection('ledger').insertOne({ _id: ledgerId('killed', 1) as never }, { session });
    await dead.collection(collectionName).insertMany(rows as never, { session });
    const writer = { _id: 'dead' as never, sessions: [session.id?.id], seenAt: new Date(0) };
    await dead.collection('writers').insertOne(writer);

    const reply = await system.write('orphaned', rows, { source: 'killed', sequence: 1 });
    const lost = await session.commitTransaction().catch((error: unknown) => error);
    await dead.close();
    await system.letTransactionsLive(10);

    expect(reply).toMatchObject({ inserted: 1_000, rejected: [] });
    expect(lost).toBeInstanceOf(mongoose.mongo.MongoServerError);
    expect(await system.database.db?.collection('writers').countDocuments({ _id: 'dead' as never })).toBe(0);
    expect(await system.scan('orphaned')).toHaveLength(1_000);
  });

  it('loses and doubles nothing when the process is killed again and again', async () => {
    await system.dataset('survivor', { key: ['n'] });
    let victim = await system.startService();
    const chunks = Array.from({ length: 40 }, (_, sequence) =>
      Array.from({ length: 200 }, (_, offset) => ({ _id: sequence * 200 + offset, n: sequence * 200 + offset })),
    );
    let next = 0;
    let isOver = false;
    const writer = async () => {
      let inserted = 0;
      while (next < chunks.length) {
        const sequence = next++;
        const reply = await system.write(
          'survivor',
          chunks[sequence] ?? [],
          { source: 'survivor', sequence },
          impatiently,
        );
        inserted += reply.inserted;
      }
      return inserted;
    };
    const killing = (async () => {
      while (!isOver) {
        const before = next;
        while (next < before + 10 && !isOver) await delay(5);
        await victim.end('SIGKILL');
        if (!isOver) victim = await system.startService();
      }
    })();

    const counts = await Promise.all([writer(), writer(), writer(), writer()]).finally(() => {
      isOver = true;
    });
    await killing;

    expect(counts.reduce((sum, inserted) => sum + inserted, 0)).toBe(8_000);
    expect(await system.scan('survivor')).toHaveLength(8_000);
    expect(await system.database.db?.collection('ledger').countDocuments({ dataset: 'survivor' })).toBe(40);
  });
});
