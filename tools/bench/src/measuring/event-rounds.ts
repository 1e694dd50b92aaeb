import { setTimeout as delay } from 'node:timers/promises';
import { RetentionPolicy, StorageType, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { MongoClient } from 'mongodb';
import { askChild } from '../children/ask-child.ts';
import type { BareIngest } from '../children/bare-ingest.ts';
import type { EventsToPublish, PublishedEvents } from '../children/publish-events.ts';
import type { KeyportSide } from '../sides/keyport-side.ts';
import { ProcessWatch } from './process-watch.ts';
import type { Laboratory, TimedRun } from './rounds.ts';

/** Enough for figures to be steady; a million would say the same. */
export const mostEvents = 200_000;
/** Published alone: each is flushed to disk on its own, so that the disk decides. */
const aloneEvents = 5_000;
const together = 500;

const stream = 'BENCH';
const bareSubject = 'bench.events';
const bareDatabase = 'bench_bare';

export interface EventRuns {
  readonly keyport: readonly TimedRun[];
  readonly bare: readonly TimedRun[];
  /** Events published one by one, into Keyport. */
  readonly alone: readonly TimedRun[];
}

interface Bus {
  readonly servers: string;
  readonly user: string;
  readonly pass: string;
}

interface Ingesting {
  readonly lab: Laboratory;
  readonly keyport: KeyportSide;
  readonly bus: Bus;
}

/** Events from the first publishing until the dataset holds all: on both sides in turn, round by round. */
export async function eventRounds(
  lab: Laboratory,
  keyport: KeyportSide,
  { mongodbUrl, client }: { readonly mongodbUrl: string; readonly client: MongoClient },
  { rounds, events, isProfiled }: { readonly rounds: number; readonly events: number; readonly isProfiled: boolean },
): Promise<EventRuns> {
  const { natsUrls } = await keyport.stack.describe();
  const { host: servers, username: user, password } = new URL(natsUrls['admin-import']);
  const bus = { servers, user, pass: decodeURIComponent(password) };
  const ingesting = { lab, keyport, bus };
  const runs = { keyport: [] as TimedRun[], bare: [] as TimedRun[], alone: [] as TimedRun[] };
  await keyportRun(ingesting, 'bench-events-warm', Math.min(events, 20_000), together);
  for (let round = 1; round <= rounds; round += 1) {
    runs.keyport.push(
      await lab.around('events', () => keyportRun(ingesting, `bench-events-${round}`, events, together)),
    );
    if (isProfiled) continue;
    runs.bare.push(await bareRun(ingesting, { mongodbUrl, client, events }));
    runs.alone.push(await keyportRun(ingesting, `bench-events-alone-${round}`, Math.min(events, aloneEvents), 1));
    lab.log(
      `events: Keyport ${rate(runs.keyport)}/s, bare ${rate(runs.bare)}/s, published one by one ${rate(runs.alone)}/s`,
    );
  }
  return runs;
}

const rate = (runs: readonly TimedRun[]): string => {
  const last = runs.at(-1);
  return last ? (last.rows / last.seconds).toFixed(0) : '-';
};

async function keyportRun(
  { lab, keyport, bus }: Ingesting,
  place: string,
  events: number,
  atOnce: number,
): Promise<TimedRun> {
  const { client } = keyport.stack;
  await client.putDataset(place, { key: ['orderId'] });
  await lab.settle();
  const watch = await ProcessWatch.start(await keyport.processes());
  const began = performance.now();
  const { bytes } = await publish(lab, { ...bus, subject: `ingest.v1.${place}`, events, together: atOnce });
  while ((await client.dataset(place)).count !== events) {
    lab.signal.throwIfAborted();
    await delay(20);
  }
  const seconds = (performance.now() - began) / 1000;
  const processes = await watch.stop();
  await keyport.drop(place);
  return { seconds, rows: events, bytes, processes };
}

async function bareRun(
  { lab, keyport, bus }: Ingesting,
  {
    mongodbUrl,
    client,
    events,
  }: { readonly mongodbUrl: string; readonly client: MongoClient; readonly events: number },
): Promise<TimedRun> {
  const connection = await connect({ ...bus, inboxPrefix: '_INBOX.admin-import' });
  const collection = client.db(bareDatabase).collection('events');
  try {
    await makeStream(connection);
    await collection.createIndex({ orderId: 1 }, { unique: true });
    await lab.settle();
    const { mongod = [], nats = [] } = await keyport.processes();
    const watch = await ProcessWatch.start({ mongod, nats });
    const ask: BareIngest = {
      ...{ ...bus, subject: bareSubject, stream, mongodbUrl, events },
      ...{ database: bareDatabase, collection: 'events' },
    };
    const began = performance.now();
    const [{ bytes }] = await Promise.all([
      publish(lab, { ...bus, subject: bareSubject, events, together }),
      askChild<{ readonly written: number }>('bare-ingest.ts', ask, lab.signal),
    ]);
    const seconds = (performance.now() - began) / 1000;
    if ((await collection.countDocuments()) !== events) throw new Error('the bare script did not write all events');
    return { seconds, rows: events, bytes, processes: await watch.stop() };
  } finally {
    await (await jetstreamManager(connection)).streams.delete(stream).catch(() => undefined);
    await collection.drop();
    await connection.close();
  }
}

async function makeStream(connection: NatsConnection): Promise<void> {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({
    ...{ name: stream, subjects: [bareSubject], storage: StorageType.File, allow_atomic: true },
    retention: RetentionPolicy.Workqueue,
  });
}

const publish = ({ signal }: Laboratory, ask: EventsToPublish) =>
  askChild<PublishedEvents>('publish-events.ts', ask, signal);
