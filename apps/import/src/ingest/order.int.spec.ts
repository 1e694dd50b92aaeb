import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ingestSubject, listDeadLetters } from '@keyport/contracts';
import { eventually, type ServiceProcess } from '@keyport/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ImportSystem } from '../harness/import-system.ts';
import type { IngestHold } from './ingest-hold.model.ts';

let system: ImportSystem;
let admin: NatsConnection;
let services: ServiceProcess[] = [];

/** None is lost in a test, however slow the machine is, unless the test says that it ran out. */
const longLease = '600';

const start = (leaseSeconds = longLease) => system.startImport({ KEYPORT_IMPORT_LEASE_SECONDS: leaseSeconds });

const holds = () => system.mongodb.db('import').collection<Omit<IngestHold, '_id'> & { _id: string }>('ingestHolds');
const hold = async () => (await holds().findOne()) as IngestHold;

beforeAll(async () => {
  system = await ImportSystem.start();
  admin = await system.servers.connectionOf('admin-import');
});

beforeEach(async () => {
  services = await Promise.all([start(), start()]);
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.end('SIGKILL')));
  await holds().updateOne({}, { $set: { owner: null } });
});
afterAll(() => system.stop());

let events = 0;
async function publish(dataset: string, data: unknown): Promise<number> {
  events += 1;
  const event = { specversion: '1.0', id: `event-${events}`, source: '/shop', type: 'keyport.record.upserted', data };
  const { seq } = await jetstream(admin).publish(ingestSubject(dataset), JSON.stringify(event), { timeout: 60_000 });
  return seq;
}

/** Many under way at once, which one connection keeps in their order; each is flushed to disk on its own. */
async function publishVersions(dataset: string, from: number, to: number): Promise<void> {
  await Promise.all(
    Array.from({ length: to - from + 1 }, (_, index) => publish(dataset, { code: 'A', v: from + index })),
  );
}

async function pending(dataset: string): Promise<number> {
  const { streams } = await jetstreamManager(admin);
  const { state } = await streams.info('INGEST', { subjects_filter: ingestSubject(dataset) });
  return state.subjects?.[ingestSubject(dataset)] ?? 0;
}

const stored = async (dataset: string) =>
  (await system.collection(dataset)).find({}, { projection: { _id: 0 } }).toArray();

/** Versions of the record in the order in which they were stored, read from the oplog. */
async function history(dataset: string): Promise<number[]> {
  const { collectionName } = await system.collection(dataset);
  const entries = await system.mongodb
    .db('local')
    .collection<{ o: { applyOps: { ns: string; o: Record<string, unknown> }[] } }>('oplog.rs')
    .find({ 'o.applyOps.ns': `records.${collectionName}` })
    .sort({ $natural: 1 })
    .toArray();
  return entries.flatMap(({ o }) =>
    o.applyOps.filter(({ ns }) => ns === `records.${collectionName}`).map(({ o: change }) => versionOf(change)),
  );
}

/** Of an inserted or replaced document, or of the difference that an update made (`{diff: {u: {v}}}`). */
function versionOf(change: Record<string, unknown>): number {
  const { diff } = change as { diff?: { u?: { v?: number }; i?: { v?: number } } };
  return (diff?.u?.v ?? diff?.i?.v ?? change['v']) as number;
}

/** Versions that were overtaken within a batch were never stored; those that were must only ever be newer ones. */
function expectOrder(versions: readonly number[], last: number): void {
  expect(versions).toEqual([...new Set(versions)].sort((one, other) => one - other));
  expect(versions.at(-1)).toBe(last);
}

/** The one that takes events now. */
async function holder(): Promise<ServiceProcess> {
  const holding = await eventually(
    async () => {
      const { owner, fence } = await hold();
      return services.find((service) => owner !== null && fencesOf(service).includes(fence));
    },
    (found) => found !== undefined,
  );
  return holding as ServiceProcess;
}

/** Of the times that it took the stream, as its log names them. */
const fencesOf = (service: ServiceProcess) =>
  service
    .output()
    .split('\n')
    .filter((line) => line.includes('events are taken') && line.endsWith('}'))
    .map((line) => (JSON.parse(line) as { fence: number }).fence);

describe('events of one dataset, with two import processes', () => {
  it('are written in the order of the stream', async () => {
    const dataset = await system.dataset({ key: ['code'] });

    await publishVersions(dataset, 1, 300);
    await eventually(
      () => pending(dataset),
      (count) => count === 0,
    );

    expectOrder(await history(dataset), 300);
    expect(await stored(dataset)).toEqual([{ code: 'A', v: 300 }]);
  });

  it('keep their order when the process that takes them is killed, and go on within seconds', async () => {
    const dataset = await system.dataset({ key: ['code'] });
    const taking = await holder();
    const publishing = publishVersions(dataset, 1, 1_000);
    await eventually(
      () => stored(dataset),
      ([found]) => found !== undefined,
    );

    await taking.end('SIGKILL');
    await publishing;
    await publishVersions(dataset, 1_001, 1_100);
    const left = await pending(dataset);
    const { expiresAt } = await hold();
    const leaseMs = expiresAt.getTime() - Date.now();
    await holds().updateOne({}, { $set: { expiresAt: new Date() } });
    await eventually(
      () => pending(dataset),
      (count) => count === 0,
    );

    expect(left).toBeGreaterThanOrEqual(100);
    expect(leaseMs).toBeLessThanOrEqual(Number(longLease) * 1_000);
    expectOrder(await history(dataset), 1_100);
  });

  it('keep their order when that process stands still and comes back', async () => {
    // Whoever comes back sees by its own clock that its lease has run out.
    await Promise.all(services.map((service) => service.end('SIGKILL')));
    await holds().updateOne({}, { $set: { owner: null } });
    services = await Promise.all([start('3'), start('3')]);
    const dataset = await system.dataset({ key: ['code'] });
    const taking = await holder();
    const publishing = publishVersions(dataset, 1, 1_000);
    await eventually(
      () => stored(dataset),
      ([found]) => found !== undefined,
    );

    taking.freeze();
    const { fence } = await hold();
    await publishing;
    await eventually(hold, (now) => now.fence > fence);
    taking.thaw();
    await publishVersions(dataset, 1_001, 1_100);
    await eventually(
      () => pending(dataset),
      (count) => count === 0,
    );

    expectOrder(await history(dataset), 1_100);
  });

  it('are taken by the other process at once where one ends in good order', async () => {
    const dataset = await system.dataset({ key: ['code'] });
    const taking = await holder();
    await taking.end('SIGTERM');

    await publishVersions(dataset, 1, 1);
    await eventually(
      () => pending(dataset),
      (count) => count === 0,
    );

    expect(await stored(dataset)).toEqual([{ code: 'A', v: 1 }]);
  });
});

describe('a dataset whose events fail', () => {
  it('waits while its record is locked, and no other dataset does', async () => {
    const [locked, free] = [await system.dataset({ key: ['code'] }), await system.dataset({ key: ['code'] })];
    await publishVersions(locked, 1, 1);
    await eventually(
      () => pending(locked),
      (count) => count === 0,
    );
    const records = await system.collection(locked);
    const release = await system.locked((session) =>
      records.updateOne({ code: 'A' }, { $set: { held: true } }, { session }),
    );

    await publishVersions(locked, 2, 20);
    await publishVersions(free, 1, 100);
    await eventually(
      () => pending(free),
      (count) => count === 0,
    );
    const waiting = await pending(locked);
    await release();
    await eventually(
      () => pending(locked),
      (count) => count === 0,
    );

    expect(waiting).toBe(19);
    expectOrder(await history(locked), 20);
  });

  it('makes a dead letter of the event that fails five times for no known reason, named in the log without its data', async () => {
    const [broken, free] = [await system.dataset({ key: ['code'] }), await system.dataset({ key: ['code'] })];
    const definitions = system.mongodb.db('records').collection('datasets');
    await definitions.updateOne({ _id: broken as never }, { $set: { schemaText: 'no JSON' } });
    const output = () => services.map((service) => service.output()).join('');
    const givenUp = () =>
      output()
        .split('\n')
        .find((text) => text.includes('event given up') && text.endsWith('}'));
    // All are there when the first is tried: the 20 s of its tries are not for publishing.
    for (const service of services) service.freeze();

    const sequence = await publish(broken, { code: 'A', v: 1, note: 'confidential' });
    await publish(broken, { code: 'A', v: 2 });
    await publishVersions(free, 1, 50);
    for (const service of services) service.thaw();
    await eventually(
      () => pending(free),
      (count) => count === 0,
    );
    const waiting = await pending(broken);
    await eventually(
      () => pending(broken),
      (count) => count === 1,
    );
    await definitions.updateOne({ _id: broken as never }, { $set: { schemaText: null } });
    await eventually(
      () => pending(broken),
      (count) => count === 0,
    );

    expect(waiting).toBe(2);
    expect(await stored(broken)).toEqual([{ code: 'A', v: 2 }]);
    const line = await eventually(givenUp, (text) => text !== undefined);
    expect(JSON.parse(line ?? '')).toMatchObject({
      sequence,
      subject: ingestSubject(broken),
      source: '/shop',
      id: `event-${events - 51}`,
    });
    expect(output()).not.toContain('confidential');
    const letters = await system.ask(listDeadLetters, { dataset: broken });
    expect(letters.items).toMatchObject([{ code: 'EVENT_FAILED', eventId: `event-${events - 51}`, deliveries: 1 }]);
  });
});
