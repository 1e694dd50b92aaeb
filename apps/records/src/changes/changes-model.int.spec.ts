import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomFrom, TeamMongod, type ServiceProcess } from '@keyport/testing';
import { EJSON, ObjectId, type BSON } from 'bson';
import { DatasetCopy } from '../harness/dataset-copy.ts';
import { RecordsSystem } from '../harness/records-system.ts';

const seed = Number(process.env.CHANGES_SEED ?? 20_261_130);
const rounds = 8 * Number(process.env.CHANGES_RUNS ?? 1);
/** Rounds in which a process is killed. */
const killEvery = 4;
const retryForMs = 50_000;

let system: RecordsSystem;
let team: TeamMongod;
let env: Record<string, string>;
const processes: ServiceProcess[] = [];
const random = randomFrom(seed);
const below = (limit: number) => Math.floor(random() * limit);

beforeAll(async () => {
  process.stdout.write(`changes: CHANGES_SEED=${seed}\n`);
  system = await RecordsSystem.start(0);
  team = await TeamMongod.start();
  env = { KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp') }), RECORDS_CHANGES_LEASE_SECONDS: '1' };
  processes.push(...(await Promise.all([system.startService(env), system.startService(env)])));
});

afterAll(async () => {
  await Promise.all([system?.stop(), team?.stop()]);
});

/** Of several types, few enough that they are met again. */
function someId(): unknown {
  const n = below(40);
  const kinds = [n, `id-${n}`, { a: n, b: [n] }, new ObjectId(n.toString(16).padStart(24, '0')), new Date(n), n + 0.5];
  return kinds[below(kinds.length)];
}

const someRow = (): BSON.Document => ({ _id: someId(), n: below(1_000_000), text: 'x'.repeat(below(200)) });

/** Rows of one chunk, each `_id` once. */
const someRows = (): BSON.Document[] => {
  const rows = Array.from({ length: 1 + below(30) }, someRow);
  return [...new Map(rows.map((row) => [EJSON.stringify({ _id: row._id as unknown }), row])).values()];
};

async function throughKeyport(dataset: string): Promise<void> {
  const mode = (['insert', 'upsert', 'upsert', 'delete'] as const)[below(4)] ?? 'upsert';
  await system.write(dataset, someRows(), { mode, hasOwnIds: false }, { retryForMs, timeoutMs: 3_000 });
}

/** As other programs of the team's write. */
async function byOthers(): Promise<void> {
  const orders = team.db('erp').collection<BSON.Document>('orders');
  const row = someRow();
  const _id = row._id as never;
  const ways = [
    () => orders.replaceOne({ _id }, row, { upsert: true }),
    () => orders.updateMany({ n: { $mod: [5, below(5)] } }, { $inc: { n: 1 }, $set: { [`f${below(5)}`]: 1 } }),
    () => orders.deleteMany({ n: { $mod: [7, below(7)] } }),
    () => orders.bulkWrite(someRows().map(({ _id: id }) => ({ deleteOne: { filter: { _id: id as never } } }))),
    () =>
      orders.bulkWrite(
        someRows().map((other) => ({
          replaceOne: { filter: { _id: other._id as never }, replacement: other, upsert: true },
        })),
      ),
  ];
  await ways[below(ways.length)]?.();
}

async function killOne(): Promise<void> {
  const [killed] = processes.splice(below(processes.length), 1);
  await killed?.end('SIGKILL');
  processes.push(await system.startService(env));
}

async function exactlyStored(dataset: string): Promise<string[]> {
  const stored = await system.scan(dataset, {});
  return stored.map((document) => EJSON.stringify(document, { relaxed: false })).sort();
}

describe('a copy that increments are applied to', () => {
  it('is the dataset, whoever writes, and whatever process is killed', async () => {
    await team.db('erp').createCollection('orders');
    await system.dataset('mapped', { mapping: { source: 'erp', collection: 'orders' }, trackChanges: true });
    await system.dataset('own', { trackChanges: true });
    const copies = [
      { name: 'own', copy: new DatasetCopy(system.bus, 'own'), write: () => throughKeyport('own') },
      {
        ...{ name: 'mapped', copy: new DatasetCopy(system.bus, 'mapped') },
        write: () => (random() < 0.5 ? throughKeyport('mapped') : byOthers()),
      },
    ];
    for (const { write } of copies) await write();
    // Read while others write.
    await Promise.all(copies.flatMap(({ copy, write }) => [copy.read(), write()]));

    for (let round = 1; round <= rounds; round += 1) {
      const killing = round % killEvery === 0 ? killOne() : undefined;
      for (let step = 0; step < 6; step += 1) {
        const { copy, write } = copies[below(2)] as (typeof copies)[number];
        const updating = random() < 0.4 ? copy.update() : undefined;
        await write();
        await updating;
      }
      await killing;
      for (const { name, copy } of copies) {
        await copy.update();
        expect({ name, round, records: copy.sorted() }).toEqual({ name, round, records: await exactlyStored(name) });
      }
    }
    expect(Math.max(...copies.flatMap(({ copy }) => copy.pages))).toBeGreaterThan(1);
  });
});
