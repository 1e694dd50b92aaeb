import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  changeDataset,
  datasetChanged,
  datasetCreated,
  datasetDeleted,
  deleteRecord,
  putDataset,
  putRecord,
  recordsChanged,
  streams,
  type CloudEvent,
} from '@keyport/contracts';
import { ensureStream } from '@keyport/messaging';
import { eventually, TeamMongod } from '@keyport/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;
let team: TeamMongod;
let manager: JetStreamManager;

beforeAll(async () => {
  system = await RecordsSystem.start(0);
  team = await TeamMongod.start();
  const owner = await system.servers.connectionOf('auth');
  await ensureStream(owner, streams.events, {});
  manager = await jetstreamManager(owner, { checkAPI: false });
  const env = { KEYPORT_SOURCES: JSON.stringify({ erp: team.url('erp'), away: 'mongodb://127.0.0.1:1/erp' }) };
  // Two, so that what they sum up and tell at the same time is met by the other.
  await Promise.all([system.startService(env), system.startService(env)]);
});

afterAll(async () => {
  await system?.stop();
  await team?.stop();
});

type Told = CloudEvent & { readonly data: Record<string, unknown> };

async function toldOf(dataset: string): Promise<Told[]> {
  const { state } = await manager.streams.info(streams.events.name);
  const sequences = Array.from({ length: state.messages }, (_, index) => state.first_seq + index);
  const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage(streams.events.name, { seq })));
  return messages.flatMap((message) => message?.json<Told>() ?? []).filter(({ subject }) => subject === dataset);
}

async function changesOf(dataset: string) {
  const changes = (await toldOf(dataset)).filter(({ type }) => type === recordsChanged.type);
  const sum = (name: string) => changes.reduce((total, { data }) => total + Number(data[name]), 0);
  return { inserted: sum('inserted'), updated: sum('updated'), deleted: sum('deleted'), events: changes.length };
}

const rows = (from: number, count: number, more: object = {}) =>
  Array.from({ length: count }, (_, index) => ({ _id: from + index, ...more }));

describe('What records tells the world', () => {
  it('adds up exactly what was written, in far fewer events than chunks, whoever sums it up', async () => {
    await system.dataset('counted');

    await Promise.all(Array.from({ length: 60 }, (_, chunk) => system.write('counted', rows(chunk * 20, 20))));
    await system.write('counted', rows(0, 30, { n: 1 }), { mode: 'upsert' });
    await system.write('counted', rows(0, 30, { n: 1 }), { mode: 'upsert' });
    await system.write('counted', rows(1_190, 20), { mode: 'delete' });

    const expected = { inserted: 1_200, updated: 30, deleted: 10 };
    const told = await eventually(
      () => changesOf('counted'),
      ({ inserted, updated, deleted }) =>
        inserted >= expected.inserted && updated >= expected.updated && deleted >= expected.deleted,
    );
    expect(told).toMatchObject(expected);
    expect(told.events).toBeLessThan(60);
  });

  it('counts single records that are put and deleted, and nothing where nothing changed', async () => {
    await system.dataset('single');
    const put = (n: number) =>
      system.bus.ask('gateway', putRecord, { dataset: 'single', id: 'a', json: Buffer.from(`{"n":${n}}`) });

    await put(1);
    await put(2);
    await put(2);
    await system.bus.ask('gateway', deleteRecord, { dataset: 'single', id: 'a' });
    await system.write('single', [{ _id: 'last' }]);

    // Two processes sum up: what one of them tells may be behind what happened later.
    const told = await eventually(
      () => changesOf('single'),
      ({ inserted, updated, deleted }) => inserted >= 2 && updated >= 1 && deleted >= 1,
    );
    expect(told).toMatchObject({ inserted: 2, updated: 1, deleted: 1 });
  });

  it('says nothing of a dry run', async () => {
    await system.dataset('tried');

    await system.write('tried', rows(0, 10), { dryRun: true, source: '0123456789abcdef' });
    await system.write('tried', rows(0, 1));

    const told = await eventually(
      () => changesOf('tried'),
      ({ inserted }) => inserted > 0,
    );
    expect(told).toMatchObject({ inserted: 1 });
  });

  it('counts what is written into a mapped collection, although another source is away', async () => {
    await team.db('erp').createCollection('orders');
    await system.bus.ask('gateway', putDataset, { name: 'mapped', mapping: { source: 'erp', collection: 'orders' } });

    await system.write('mapped', rows(0, 25));

    const told = await eventually(
      () => changesOf('mapped'),
      ({ inserted }) => inserted >= 25,
    );
    expect(told).toMatchObject({ inserted: 25 });
    // Told from another database than its records are, so perhaps behind them.
    const created = await eventually(
      async () => (await toldOf('mapped')).filter(({ type }) => type === datasetCreated.type),
      ({ length }) => length > 0,
    );
    expect(created).toMatchObject([{ data: { mapped: true, key: null } }]);
    await eventually(
      () => team.db('keyport_ledger').collection('outbox').countDocuments(),
      (count) => count === 0,
    );
  });

  it('tells the lives of datasets of one name in their order', async () => {
    const rounds = 5;
    for (let round = 0; round < rounds; round += 1) {
      await system.dataset('phoenix', { key: ['k'] });
      await system.bus.ask('gateway', changeDataset, { name: 'phoenix', schema: { type: 'object' } });
      await system.bus.ask('gateway', changeDataset, { name: 'phoenix', indexes: [{ fields: ['n'] }] });
      await system.bus.ask('gateway', changeDataset, { name: 'phoenix', trackChanges: true });
      await system.bus.ask('gateway', changeDataset, { name: 'phoenix', trackChanges: true });
      await system.remove('phoenix');
    }

    const told = await eventually(
      () => toldOf('phoenix'),
      (events) => events.filter(({ type }) => type === datasetDeleted.type).length === rounds,
    );

    const life = [
      [datasetCreated.type, undefined],
      [datasetChanged.type, ['schema']],
      [datasetChanged.type, ['indexes']],
      [datasetChanged.type, ['trackChanges']],
      [datasetDeleted.type, undefined],
    ];
    expect(told.map(({ type, data }) => [type, data['changed']])).toEqual(
      Array.from({ length: rounds }, () => life).flat(),
    );
    const ids = told.map(({ data }) => data['datasetId']);
    expect(new Set(ids).size).toBe(rounds);
    expect(ids).toEqual([...new Set(ids)].flatMap((id) => life.map(() => id)));
  });
});
