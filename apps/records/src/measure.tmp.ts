import { readFileSync } from 'node:fs';
import { RecordsSystem } from './harness/records-system.ts';
import { ObjectId, BSON } from 'bson';
import { writeRecords, scanRecords } from '@keyport/contracts';
import { insertRaw } from '@keyport/mongo';
const system = await RecordsSystem.start(0);
await system.startService({ NODE_OPTIONS: process.env.OPTS ?? '' });
const N = Number(process.env.CHUNKS ?? 300);
const pad = 'Leave at the back door of building 12, ring twice and wait';
const row = (i: number) => ({
  _id: new ObjectId(),
  orderId: `order-${String(i).padStart(9, '0')}`,
  customer: { id: i, name: `Customer ${i}`, city: 'Berlin' },
  lines: [
    { sku: 'bolt-1234', quantity: 3, price: 12.34 },
    { sku: 'valve-1234', quantity: 4, price: 56.78 },
  ],
  total: 123.45,
  paid: true,
  note: pad,
  placedAt: new Date(),
});
const chunk = (c: number) => Buffer.concat(Array.from({ length: 1000 }, (_, i) => BSON.serialize(row(c * 1000 + i))));
const cpuOf = (pid: number) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};
let pids: Record<string, number> = {};
const cpu = () =>
  Object.fromEntries([
    ...Object.entries(pids).map(([n, p]) => [n, cpuOf(p)]),
    ['me', (process.cpuUsage().user + process.cpuUsage().system) / 1000],
  ]) as Record<string, number>;
let before: Record<string, number> = {};
const lap = (n: number) => {
  const now = cpu();
  const text = Object.keys(now)
    .map((k) => `${k} ${((now[k]! - (before[k] ?? 0)) / n).toFixed(2)}`)
    .join('  ');
  before = cpu();
  const status = readFileSync(`/proc/${pids.records}/status`, 'utf8'); const mb = (n: string) => Math.round(Number(new RegExp(`${n}:\\s+(\\d+)`).exec(status)?.[1]) / 1024); return `cpu ms each: ${text}  rss ${mb('VmRSS')} peak ${mb('VmHWM')} MB`;
};
async function flight(total: number, n: number, work: (i: number) => Promise<unknown>) {
  let next = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: n }, async () => {
      while (next < total) await work(next++);
    }),
  );
  return performance.now() - start;
}
try {
  let authority = await system.bus.caller('*');
  await system.dataset('warm');
  await system.dataset('orders');
  await system.dataset('keyed', { key: ['orderId'] });
  const chunks = Array.from({ length: N }, (_, c) => chunk(c));
  const size = chunks[0]!.length / 1000;
  const write =
    (dataset: string, source: string, extra = {}) =>
    async (i: number) => {
      const r = await system.bus.ask(
        'import',
        writeRecords,
        {
          dataset,
          source,
          sequence: i,
          mode: 'insert',
          key: [],
          documents: chunks[i]!,
          count: 1000,
          hasOwnIds: false,
          ...extra,
        } as never,
        { authority },
      );
      return r;
    };
  pids = {
    records: (system as any).processes[0].pid,
    mongod: (system.servers.processes.mongod as any).pid,
    nats: (system.servers.processes.nats as any).pid,
  };
  console.log(pids);
  await flight(50, 4, write('warm', 'w'));
  const db = system.database.db!;
  await db.collection('base').insertOne({ _id: 0 as never });
  const raw = async (i: number) => {
    const s = await system.database.startSession();
    await insertRaw(db, 'base', [chunks[i]!], s as never);
    await s.endSession();
  };
  await flight(20, 4, raw);
  await db.collection('base').deleteMany({});
  console.log('bytes/row', size);
  for (const round of process.env.ONLY === 'scan' ? [1] : [1, 2]) {
    await db.collection('base').drop();
    await db.createCollection('base');
    lap(1);
    const base = await flight(N, 4, raw);
    console.log('raw insert majority', Math.round(base), 'ms', Math.round((N * 1e6) / base), 'rows/s', lap(N));
    await system.dataset('orders' + round);
    const t = await flight(N, 4, write('orders' + round, 'o' + round));
    console.log(
      'records.write      ',
      Math.round(t),
      'ms',
      Math.round((N * 1e6) / t),
      'rows/s',
      'ratio',
      (t / base).toFixed(2),
      lap(N),
    );
  }
  if (process.env.ONLY !== 'scan') {
  const tk = await flight(N, 4, write('keyed', 'k', { hasOwnIds: true, key: ['orderId'] }));
  console.log('keyed insert own ids', Math.round((N * 1e6) / tk), 'rows/s', lap(N));
  const tu = await flight(N, 4, write('keyed', 'u', { mode: 'upsert', key: ['orderId'] }));
  console.log('keyed upsert unchanged', Math.round((N * 1e6) / tu), 'rows/s', lap(N));
  }
  const scan = async () => {
    let cursor: Uint8Array | undefined,
      bytes = 0,
      pages = 0,
      count = 0;
    const start = performance.now();
    do {
      const r = await system.bus.ask(
        'export',
        scanRecords,
        { dataset: 'orders1', ...(cursor && { cursor }) },
        { authority },
      );
      bytes += r.documents.length;
      count += r.count;
      pages++;
      cursor = r.next;
    } while (cursor);
    const ms = performance.now() - start;
    console.log(
      'scan',
      count,
      'rows',
      pages,
      'pages',
      (bytes / 1e6 / (ms / 1000)).toFixed(0),
      'MB/s',
      (ms / pages).toFixed(1),
      'ms/page',
      lap(pages),
    );
  };
  for (let i = 0; i < Number(process.env.SCANS ?? 2); i++) await scan();
} finally {
  await system.stop();
  console.log('left', process.getActiveResourcesInfo());
  setTimeout(() => process.exit(), 3000).unref();
}
