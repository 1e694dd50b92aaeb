import { keyCreated, keyRevoked, keyRotated, streams } from '@keyport/contracts';
import { connectBus, ensureStream, EventPublisher } from '@keyport/messaging';
import { connectMongo, syncIndexes } from '@keyport/mongo';
import { startTemporaryServers, type Servers } from '@keyport/stack';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Schema, type Connection, type Model } from 'mongoose';
import { EventRelay } from './event-relay.service.ts';
import { outbox, type Outbox } from './outbox.ts';
import { hasUntold, keepsUntold, untoldEvent, withUntold, type WithUntold } from './untold-event.ts';

interface Thing extends WithUntold {
  readonly _id: string;
  readonly owner: string;
}

let servers: Servers;
let database: Connection;
let bus: NatsConnection;
let manager: JetStreamManager;
let things: Model<Thing>;

const connectAs = (service: 'auth') => {
  const { NATS_URL: url = '', NATS_USER: user, NATS_PASSWORD: password } = servers.envOf(service);
  return connectBus({ service, url, user, password });
};

beforeAll(async () => {
  servers = await startTemporaryServers();
  bus = await connectAs('auth');
  database = await connectMongo(String(servers.envOf('auth')['MONGODB_URL']));
  const schema = new Schema<Thing>({ _id: String, owner: String }, { collection: 'things', versionKey: false });
  keepsUntold(schema);
  things = database.model<Thing>('Thing', schema);
  await syncIndexes(database);
  await ensureStream(bus, streams.events, {});
  manager = await jetstreamManager(bus, { checkAPI: false });
});

afterAll(async () => {
  await database?.close();
  await bus?.close();
  await servers?.stop();
});

beforeEach(async () => {
  await things.deleteMany({});
  await manager.streams.purge(streams.events.name);
});

const thingsOutbox = (more: Partial<Outbox<Thing>> = {}) =>
  outbox<Thing>({
    collection: things.collection,
    fields: ['owner'],
    present: ({ _id, owner }, { data }) => ({ subject: _id, data: { keyId: _id, owner, ...data } }),
    ...more,
  });

const relayOf = (outboxes: readonly Outbox[], connection = bus) =>
  new EventRelay(() => Promise.resolve(outboxes), new EventPublisher(connection, 'auth'));

/** All that is on the bus, in its order. */
async function told(): Promise<{ id: string; type: string; subject: string; data: Record<string, unknown> }[]> {
  const { state } = await manager.streams.info(streams.events.name);
  const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
  const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage(streams.events.name, { seq })));
  return messages.map((message) => message!.json());
}

const created = () => untoldEvent(keyCreated, { scopes: ['*'], expiresAt: null });
const rotated = () => untoldEvent(keyRotated, { expiresAt: null, previousTokenEndsAt: new Date().toISOString() });
const revoked = () => untoldEvent(keyRevoked, { revokedAt: new Date().toISOString() });

describe('The relay of events', () => {
  it('tells each event of a document once and in its order, and forgets it then', async () => {
    await things.create({ _id: 'a', owner: 'ann', untold: [created()] });
    await things.updateOne({ _id: 'a' }, { $push: { untold: rotated() } });
    await things.updateOne({ _id: 'a' }, { $push: { untold: revoked() } });
    const relay = relayOf([thingsOutbox()]);

    await relay.tellAll();
    await relay.tellAll();

    const events = await told();
    expect(events.map(({ type }) => type)).toEqual([keyCreated.type, keyRotated.type, keyRevoked.type]);
    expect(events[0]).toMatchObject({ subject: 'a', data: { keyId: 'a', owner: 'ann', scopes: ['*'] } });
    expect(await things.countDocuments(hasUntold)).toBe(0);
  });

  it('sends nothing that the contract of the event does not name', async () => {
    const untold = untoldEvent(keyRevoked, { revokedAt: new Date().toISOString(), token: 'secret' });
    await things.create({ _id: 'a', owner: 'ann', untold: [untold] });

    await relayOf([thingsOutbox()]).tellAll();

    expect(JSON.stringify(await told())).not.toContain('secret');
  });

  it('tells once what several processes tell at the same time, in the order of each document', async () => {
    const ids = Array.from({ length: 120 }, (_, index) => `thing-${index}`);
    await things.create(ids.map((_id) => ({ _id, owner: 'ann', untold: [created(), rotated(), revoked()] })));
    const second = await connectAs('auth');

    await Promise.all([relayOf([thingsOutbox()]).tellAll(), relayOf([thingsOutbox()], second).tellAll()]);
    await second.close();

    const events = await told();
    expect(events.length).toBe(360);
    for (const id of ids) {
      const types = events.filter(({ subject }) => subject === id).map(({ type }) => type);
      expect(types).toEqual([keyCreated.type, keyRotated.type, keyRevoked.type]);
    }
  });

  it('tells again, as the same event, what a process told and did not come to forget', async () => {
    const event = created();
    await things.create({ _id: 'a', owner: 'ann', untold: [event] });
    await relayOf([thingsOutbox()]).tellAll();
    await things.updateOne({ _id: 'a' }, { $push: { untold: { $each: [event, revoked()] } } });

    await relayOf([thingsOutbox()]).tellAll();

    expect((await told()).map(({ type }) => type)).toEqual([keyCreated.type, keyRevoked.type]);
  });

  it('stops at an event that it does not know, and tells those of other documents', async () => {
    const unknown = { ...created(), type: 'keyport.key.of-a-later-version' };
    await things.create([
      { _id: 'a', owner: 'ann', untold: [created(), unknown, revoked()] },
      { _id: 'b', owner: 'ann', untold: [created()] },
    ]);

    await expect(relayOf([thingsOutbox()]).tellAll()).rejects.toThrow('unknown to this version');

    const events = (await told()).map(({ subject, type }) => `${subject} ${type}`);
    expect(events.sort()).toEqual([`a ${keyCreated.type}`, `b ${keyCreated.type}`]);
    expect(await things.findById('a').lean()).toMatchObject({ untold: [unknown, { type: keyRevoked.type }] });
  });

  it('tells nobody of what its service wants nobody told of', async () => {
    await things.create({ _id: 'a', owner: 'ann', untold: [created()] });

    await relayOf([thingsOutbox({ present: () => undefined })]).tellAll();

    expect(await told()).toEqual([]);
    expect(await things.countDocuments(hasUntold)).toBe(0);
  });

  it('lets documents wait for what happened before and is untold in another outbox', async () => {
    const earlier = database.db!.collection('earlierThings');
    await earlier.insertOne({ _id: 'a' as never, owner: 'ann', untold: [revoked()] });
    await things.create({ _id: 'a', owner: 'ann', untold: [created()] });
    const relay = relayOf([thingsOutbox({ after: earlier })]);

    await relay.tellAll();
    const before = await told();
    await relayOf([thingsOutbox({ collection: earlier, isOnlyOutbox: true })]).tellAll();
    await relay.tellAll();

    expect(before).toEqual([]);
    expect((await told()).map(({ type }) => type)).toEqual([keyRevoked.type, keyCreated.type]);
    expect(await earlier.countDocuments()).toBe(0);
  });

  it('tells what many documents came to in one update, each under an id of its own', async () => {
    const ids = ['a', 'b', 'c'];
    await things.create(ids.map((_id) => ({ _id, owner: 'ann' })));
    const untold = withUntold(keyRevoked, { revokedAt: new Date().toISOString() });
    await things.updateMany({}, [{ $set: { untold } }], { updatePipeline: true });

    await relayOf([thingsOutbox()]).tellAll();

    const events = await told();
    expect(events.map(({ subject }) => subject).sort()).toEqual(ids);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
  });

  it('finds untold events by an index that holds no others', async () => {
    await things.create(
      Array.from({ length: 200 }, (_, index) => ({ _id: `told-${index}`, owner: 'ann', untold: [] })),
    );
    await things.create({ _id: 'a', owner: 'ann', untold: [created()] });

    const { executionStats } = (await things.collection
      .find({ ...hasUntold, _id: { $nin: ['x'] } } as object)
      .explain('executionStats')) as { executionStats: { totalKeysExamined: number; totalDocsExamined: number } };

    expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(1);
    expect(executionStats.totalKeysExamined).toBeLessThanOrEqual(2);
  });

  it('goes on once the bus is there again', async () => {
    await things.create({ _id: 'a', owner: 'ann', untold: [created()] });
    const relay = relayOf([thingsOutbox()]);
    relay.onApplicationBootstrap();
    await until(async () => (await told()).length === 1);
    const pid = servers.processes.nats?.pid;
    process.kill(Number(pid), 'SIGKILL');

    await things.updateOne({ _id: 'a' }, { $push: { untold: revoked() } });

    await until(async () => (await told().catch(() => [])).length === 2);
    await relay.onModuleDestroy();
    expect(await things.countDocuments(hasUntold)).toBe(0);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 40_000; !(await isSo());) {
    if (Date.now() > deadline) throw new Error('waited for 40 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
