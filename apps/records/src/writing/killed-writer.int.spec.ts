import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecordsSystem } from '../harness/records-system.ts';
import { ledgerId } from './ledger.repository.ts';
import { retriedTransaction } from '@keyport/mongo';
import { WriteSessions } from './write-sessions.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(1);
});

afterAll(() => system.stop());

const rows = Array.from({ length: 1_000 }, (_, n) => ({ _id: n, n, text: 'x'.repeat(300) }));

describe('a killed writer', () => {
  it('holds up the redelivered chunk only until its session has been ended', async () => {
    await system.dataset('orphaned', { key: ['n'] });
    const collection = await system.collectionOf('orphaned');
    const ledger = system.database.db?.collection('ledger');
    // What a process leaves that was killed just before its commit. Its heartbeat is minutes old.
    const dead = new WriteSessions(system.database, 1);
    await dead.open();
    const abandoned = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const writing = dead.use((session) =>
      retriedTransaction(
        session,
        async () => {
          await ledger?.insertOne({ _id: ledgerId('killed', 1) as never }, { session });
          await collection.insertMany(rows as never, { session });
          entered.resolve();
          await abandoned.promise;
        },
        { retryForMs: 0 },
      ).catch((error: unknown) => error),
    );
    await entered.promise;
    await system.database.db?.collection('writers').updateMany({}, { $set: { seenAt: new Date(0) } });

    const started = Date.now();
    const reply = await system.write('orphaned', rows, { source: 'killed', sequence: 1, retryForMs: 20_000 });
    const tookMs = Date.now() - started;
    abandoned.resolve();
    const lost = await writing;
    await dead.close();

    expect(reply).toMatchObject({ inserted: 1_000, rejected: [] });
    // The server itself ends an abandoned transaction after 10 s.
    expect(tookMs).toBeLessThan(8_000);
    expect(lost).toMatchObject({ code: 'WRITE_CONFLICT' });
    expect(await system.scan('orphaned')).toHaveLength(1_000);
  });

  it('loses and doubles nothing when the process is killed again and again', async () => {
    await system.dataset('survivor', { key: ['n'] });
    let victim = await system.startService();
    const chunks = Array.from({ length: 60 }, (_, sequence) =>
      Array.from({ length: 200 }, (_, offset) => ({ _id: sequence * 200 + offset, n: sequence * 200 + offset })),
    );
    let next = 0;
    let isOver = false;
    const writer = async () => {
      let inserted = 0;
      while (next < chunks.length) {
        const sequence = next++;
        const reply = await system.write('survivor', chunks[sequence] ?? [], {
          source: 'survivor',
          sequence,
          retryForMs: 60_000,
        });
        inserted += reply.inserted;
      }
      return inserted;
    };
    const killing = (async () => {
      while (!isOver) {
        const before = next;
        while (next < before + 8 && !isOver) await new Promise((resolve) => setImmediate(resolve));
        await victim.end('SIGKILL');
        if (!isOver) victim = await system.startService();
      }
    })();

    const counts = await Promise.all([writer(), writer(), writer(), writer()]);
    isOver = true;
    await killing;

    expect(counts.reduce((sum, inserted) => sum + inserted, 0)).toBe(12_000);
    expect(await system.scan('survivor')).toHaveLength(12_000);
    expect(await system.database.db?.collection('ledger').countDocuments({ dataset: 'survivor' })).toBe(60);
  });
});
