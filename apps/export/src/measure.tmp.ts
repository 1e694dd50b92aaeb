import { readFileSync } from 'node:fs';
import { putDataset, readPage, scanRecords } from '@keyport/contracts';
import { BusHealth, connectBus, Requester } from '@keyport/messaging';
import { connectMongo } from '@keyport/mongo';
import { storeOrders } from './harness/store-orders.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TestSystem } from './harness/test-system.ts';
const count = Number(process.argv[2] ?? 1_000_000);
const modes = (process.argv[3] ?? 'scan,ndjson,ndjson,json,csv').split(',');
const system = await TestSystem.start();
const bundled: any[] = []; const bundle = async (app: 'export' | 'records', env: any = {}) => { const c = spawn(process.execPath, [`dist/apps/${app}/main.js`], { env: { ...system.servers.envOf(app), ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }); await once(c, 'message'); bundled.push(c); return { pid: c.pid! }; };
const mongodb = await connectMongo(system.servers.mongodbUrl);
const records = await bundle('records', { NODE_OPTIONS: process.env.RECORDS_NODE_OPTIONS ?? '' });
const exporter = await bundle('export', { V8F: process.env.V8F ?? '', NODE_OPTIONS: process.env.EXPORT_NODE_OPTIONS ?? '' });
const caller = () => system.gateway.caller('ann', ['datasets:*:*', 'records:read:*', 'exports:create:*']);
await system.gateway.requester.request(putDataset, { name: 'orders' }, { authority: await caller() });
console.time('load'); await storeOrders(mongodb.useDb('records'), 'orders', count); console.timeEnd('load');
const e = system.servers.envOf('export');
const bus = await connectBus({ service: 'export', url: e.NATS_URL!, user: e.NATS_USER, password: e.NATS_PASSWORD });
const asExport = new Requester(bus, 'export', new BusHealth(bus));
const pids = { records: records.pid, export: exporter.pid, mongod: system.servers.processes.mongod!.pid!, nats: system.servers.processes.nats!.pid!, me: process.pid };
const cpu = () => Object.fromEntries(Object.entries(pids).map(([n, p]) => { const f = readFileSync(`/proc/${p}/stat`, 'utf8').split(') ')[1]!.split(' '); return [n, (Number(f[11]) + Number(f[12])) / 100]; }));
const rss = (p: number) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'))![1]) / 1024;
async function stream(format: string, ejson: string, credit = 3): Promise<{ bytes: number; pages: number; gap: number }> {
  let bytes = 0, pages = 0;
  const authority = await caller();
  const window: Promise<Uint8Array[]>[] = [];
  let following: string | null | undefined;
  const ask = (cursor?: string) => {
    following = undefined;
    const receive = async () => {
      const out: Uint8Array[] = [];
      const request = cursor ? { kind: 'next' as const, dataset: 'orders', cursor } : { kind: 'first' as const, dataset: 'orders', selection: { format, ejson } as never };
      for await (const r of system.gateway.requester.stream(readPage, request, { authority })) { if ('bytes' in r) out.push(r.bytes); else { following = r.next; extend(); } }
      return out;
    };
    const p = receive(); p.catch(() => 0); window.push(p);
  };
  const extend = () => { if (typeof following === 'string' && window.length < credit) ask(following); };
  ask();
  for (let page = window[0]; page; page = window[0]) { for (const b of await page) bytes += b.length; window.shift(); pages++; extend(); }
  return { bytes, pages, gap: 0 };
}
for (const mode of modes) {
  const before = cpu(); const t = performance.now();
  let bytes = 0, pages = 0;
  if (mode === 'scan') { const authority = await caller(); let cursor: Uint8Array | undefined; do { const r = await asExport.request(scanRecords, { dataset: 'orders', cursor }, { authority }); bytes += r.documents.length; cursor = r.next; pages++; } while (cursor); }
  else if (mode === 'job') { const { createExport, getExport } = await import('@keyport/contracts'); const { id } = await system.gateway.requester.request(createExport, { dataset: 'orders' }, { authority: await caller() }); for (;;) { const j = await system.gateway.requester.request(getExport, { exportId: id }, { authority: await caller() }); if (j.state === 'completed') { bytes = j.bytes; break; } if (j.state === 'failed') throw new Error(JSON.stringify(j)); await new Promise((r) => setTimeout(r, 50)); } }
  else { const [format, ejson = 'relaxed', credit = '3'] = mode.split('-'); ({ bytes, pages } = await stream(format!, ejson, Number(credit))); }
  const s = (performance.now() - t) / 1000; const after = cpu();
  console.log(mode, { s: +s.toFixed(2), MB: +(bytes / 1e6).toFixed(1), 'MB/s': +(bytes / 1e6 / s).toFixed(1), pages }, Object.fromEntries(Object.entries(after).map(([n, v]) => [n, +(v - before[n]!).toFixed(2)])), { rssExport: Math.round(rss(exporter.pid)), rssRecords: Math.round(rss(records.pid)) });
}
for (const c of bundled) { c.kill('SIGTERM'); await once(c, 'exit'); }
await bus.close(); await mongodb.close(); await system.stop();
