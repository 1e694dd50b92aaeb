import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toolUsers, type ServiceName, type ToolUser } from '@keyport/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { MongoClient } from 'mongodb';
import { createServer } from 'node:net';
import { startServers, type Servers } from './start-servers.ts';
import { until } from './until.ts';

let home: string;
let servers: Servers;
const lines: string[] = [];

const start = () => startServers({ home, log: (line) => lines.push(line) });
const within = (ms: number) => AbortSignal.timeout(ms);

async function withMongodb<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 50_000 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function withNats<T>(
  service: ServiceName | ToolUser,
  use: (connection: NatsConnection, refusals: string[]) => Promise<T>,
): Promise<T> {
  const tool = toolUsers.find((name) => name === service);
  const { NATS_USER, NATS_PASSWORD } = tool ? {} : servers.envOf(service as ServiceName);
  const connection = await connect({
    servers: servers.natsUrl,
    user: NATS_USER ?? servers.natsAdminOf(tool ?? 'admin-auth').user,
    pass: NATS_PASSWORD ?? servers.natsAdminOf(tool ?? 'admin-auth').password,
    inboxPrefix: `_INBOX.${service}`,
  });
  const refusals: string[] = [];
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'error') refusals.push(status.error.message);
    }
  })();
  try {
    return await use(connection, refusals);
  } finally {
    await connection.close();
  }
}

const urlOf = (service: ServiceName) => servers.envOf(service).MONGODB_URL ?? '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyport-servers-'));
  servers = await start();
});

afterAll(async () => {
  await servers.stop();
  await rm(home, { recursive: true, force: true });
});

describe('mongod', () => {
  it('takes a transaction from the user of a service in its own database', async () => {
    const counted = await withMongodb(urlOf('records'), async (client) => {
      await client.withSession((session) =>
        session.withTransaction(async () => {
          await client.db().collection('rows').insertOne({ row: 1 }, { session });
        }),
      );
      return client.db().collection('rows').countDocuments();
    });

    expect(counted).toBe(1);
  });

  it.each(['auth', 'import', 'export', 'records'] as const)('refuses %s any other database', async (service) => {
    const others = ['auth', 'import', 'export', 'records', 'admin'].filter((name) => name !== service);

    await withMongodb(urlOf(service), async (client) => {
      for (const other of others) {
        await expect(client.db(other).collection('rows').findOne()).rejects.toThrow(/not authorized/);
        await expect(client.db(other).collection('rows').insertOne({})).rejects.toThrow(/not authorized/);
      }
    });
  });

  it('refuses whoever has no password', async () => {
    const { host } = new URL(servers.mongodbUrl);

    await withMongodb(`mongodb://${host}/?directConnection=true`, async (client) => {
      await expect(client.db('records').collection('rows').findOne()).rejects.toThrow(/requires authentication/);
    });
  });

  it('ends transactions that nobody goes on with after 10 s', async () => {
    const answer = await withMongodb(servers.mongodbUrl, (client) =>
      client.db('admin').command({ getParameter: 1, transactionLifetimeLimitSeconds: 1 }),
    );

    expect(answer.transactionLifetimeLimitSeconds).toBe(10);
  });

  it('comes back after it was killed, with what it had acknowledged', async () => {
    const before = servers.processes.mongod?.pid ?? 0;
    await withMongodb(urlOf('import'), (client) =>
      client
        .db()
        .collection('kept')
        .insertOne({ kept: true }, { writeConcern: { w: 'majority', j: true } }),
    );

    process.kill(before, 'SIGKILL');
    await until(async () => ![undefined, before].includes(servers.processes.mongod?.pid), within(50_000));

    const found = await withMongodb(urlOf('import'), (client) => client.db().collection('kept').findOne());
    expect(found).toMatchObject({ kept: true });
  });
});

describe('nats-server', () => {
  it('carries a request from the gateway to records and the answer back', async () => {
    const answer = await withNats('records', (records) =>
      withNats('gateway', async (gateway) => {
        records.subscribe('records.v1.datasets.get', { callback: (_error, message) => void message.respond('here') });
        await records.flush();
        return (await gateway.request('records.v1.datasets.get', '', { timeout: 50_000 })).string();
      }),
    );

    expect(answer).toBe('here');
  });

  it.each([
    ['export', 'records.v1.write'],
    ['records', 'import.v1.create'],
    ['gateway', 'events.v1.key.revoked'],
  ] as const)('refuses %s to publish to %s', async (service, subject) => {
    await withNats(service, async (connection, refusals) => {
      connection.publish(subject, 'x');
      await connection.flush();
      await until(async () => refusals.length > 0, within(50_000));

      expect(refusals[0]).toMatch(/permissions violation/i);
    });
  });

  it.each([
    ['import', 'records.v1.>'],
    ['gateway', '_INBOX.>'],
    ['records', '_INBOX.gateway.>'],
    ['auth', '>'],
  ] as const)('refuses %s to subscribe to %s', async (service, subject) => {
    await withNats(service, async (connection) => {
      const { promise, resolve } = Promise.withResolvers<Error | undefined>();
      connection.subscribe(subject, { callback: (error) => resolve(error ?? undefined) });

      expect((await promise)?.message).toMatch(/permissions violation/i);
    });
  });

  it('shows no service inbox to the tools user either', async () => {
    const seen: string[] = [];

    await withNats('admin-auth', async (admin) => {
      admin.subscribe('_INBOX.>', { callback: (_error, { subject }) => void seen.push(subject) });
      await admin.flush();
      admin.publish('_INBOX.auth.1', 'secret');
      admin.publish('_INBOX.admin.1', 'own');
      await until(async () => seen.length > 0, within(50_000));
    });

    expect(seen).toEqual(['_INBOX.admin.1']);
  });

  it('asks the user of auth about whoever is not one of its users, and shows that to nobody else', async () => {
    const [seen, asked]: [string[], string[]] = [[], []];
    const { NATS_CALLOUT_USER: user, NATS_CALLOUT_PASSWORD: pass } = servers.envOf('auth');
    const callout = await connect({ servers: servers.natsUrl, user, pass, inboxPrefix: '_INBOX.callout' });
    callout.subscribe('$SYS.REQ.USER.AUTH', {
      callback: (_error, message) => {
        asked.push(message.subject);
        message.respond('');
      },
    });
    await callout.flush();

    await withNats('admin-auth', async (admin) => {
      admin.subscribe('>', { callback: (_error, { subject }) => void seen.push(subject) });
      await admin.flush();
      const stranger = connect({ servers: servers.natsUrl, user: 'shop', pass: 'word', reconnect: false });
      await expect(stranger).rejects.toThrow(/authorization violation/i);
      await admin.flush();
    });

    await callout.close();
    expect(asked).toHaveLength(1);
    expect(seen.filter((subject) => subject.startsWith('$SYS'))).toEqual([]);
  });

  it('comes back on the same address after it was killed', async () => {
    const before = servers.processes.nats?.pid ?? 0;

    process.kill(before, 'SIGKILL');
    await until(async () => ![undefined, before].includes(servers.processes.nats?.pid), within(50_000));

    await until(() => withNats('gateway', async () => true), within(50_000));
  });
});

describe('the home folder', () => {
  it('keeps its secrets to its owner', async () => {
    for (const file of ['secrets.json', 'mongod.key', 'nats.conf', 'callout.seed']) {
      expect((await stat(join(home, file))).mode & 0o077).toBe(0);
    }
  });

  it('is refused to a second start in one line', async () => {
    await expect(start()).rejects.toThrow(/^Keyport already runs on \S+ \(process \d+\); stop it, or set KEYPORT_HOME/);
  });

  it('says where each server comes from', () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^mongod: .* from /),
        expect.stringMatching(/^nats-server: .* from /),
      ]),
    );
  });

  it.each(['$G', 'KEYPORT'])(
    'keeps the streams that nats-server stored in %s, each in the account of its owner now, and the key pair of the callout',
    async (before) => {
      const seed = await readFile(join(home, 'callout.seed'), 'utf8');
      const stream = (name: string, subject: string) => JSON.stringify({ name, subjects: [subject] });
      const create = (admin: NatsConnection, name: string, subject: string) =>
        admin.request(`$JS.API.STREAM.CREATE.${name}`, stream(name, subject));
      await withNats('admin-auth', (admin) => create(admin, 'EVENTS', 'events.v1.>'));
      await withNats('admin-auth', (admin) => admin.request('events.v1.key.created', before));
      await withNats('admin-import', (admin) => create(admin, 'INGEST', 'ingest.v1.*'));
      await withNats('admin-import', (admin) => admin.request('ingest.v1.orders', before));
      await servers.stop();
      const stored = join(home, 'nats', 'jetstream');
      const old = join(stored, before, 'streams');
      await mkdir(old, { recursive: true });
      await rename(join(stored, 'AUTH', 'streams', 'EVENTS'), join(old, 'EVENTS'));
      await rename(join(stored, 'IMPORT', 'streams', 'INGEST'), join(old, 'INGEST'));

      servers = await start();

      const last = async (admin: NatsConnection, name: string, subject: string) => {
        const query = JSON.stringify({ last_by_subj: subject });
        const reply = await admin.request(`$JS.API.STREAM.MSG.GET.${name}`, query);
        return Buffer.from(reply.json<{ message: { data: string } }>().message.data, 'base64').toString();
      };
      const event = await withNats('admin-auth', (admin) => last(admin, 'EVENTS', 'events.v1.key.created'));
      expect(event).toBe(before);
      expect(await withNats('admin-import', (admin) => last(admin, 'INGEST', 'ingest.v1.orders'))).toBe(before);
      expect(await readdir(old).catch(() => [])).toEqual([]);
      expect(await readFile(join(home, 'callout.seed'), 'utf8')).toBe(seed);
    },
  );

  it('keeps the data over a restart, on another port where the old one is taken meanwhile', async () => {
    await withMongodb(urlOf('export'), (client) => client.db().collection('kept').insertOne({ kept: true }));
    const port = Number(new URL(servers.mongodbUrl).port);
    await servers.stop();
    // mongod asks its old address whether it is itself; one that never answers keeps it waiting for half a minute.
    const thief = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
    await once(thief, 'listening');

    servers = await start();

    thief.close();
    expect(Number(new URL(servers.mongodbUrl).port)).not.toBe(port);
    const found = await withMongodb(urlOf('export'), (client) => client.db().collection('kept').findOne());
    expect(found).toMatchObject({ kept: true });
  });
});

describe('configured servers', () => {
  const natsUrlWithUser = () =>
    servers.natsUrl.replace(
      '//',
      `//${servers.natsAdminOf('admin-auth').user}:${servers.natsAdminOf('admin-auth').password}@`,
    );

  it('are refused in one line where they cannot be used, without their passwords', async () => {
    const other = await mkdtemp(join(tmpdir(), 'keyport-configured-'));
    const natsUrl = servers.natsUrl.replace('//', '//admin-auth:wrong-word@');

    const failed = startServers({ home: other, mongodbUrl: servers.mongodbUrl, natsUrl, log: () => undefined });

    await expect(failed).rejects.toThrow(/^NATS_URL cannot be used: (?!.*wrong-word).*authorization violation.*$/i);
    await rm(other, { recursive: true, force: true });
  });

  it('are used as they are, with a user for each service, and nothing is started', async () => {
    const other = await mkdtemp(join(tmpdir(), 'keyport-configured-'));
    const said: string[] = [];

    const configured = await startServers({
      ...{ home: other, mongodbUrl: servers.mongodbUrl, natsUrl: natsUrlWithUser() },
      log: (line) => said.push(line),
    });

    try {
      expect(configured.processes).toEqual({});
      expect(said.toSorted()).toEqual([
        expect.stringMatching(/^mongod: MONGODB_URL is used/),
        expect.stringMatching(/^nats-server: NATS_URL is used.*docker\/nats.conf/),
      ]);
      const { MONGODB_URL = '', NATS_USER } = configured.envOf('auth');
      expect(NATS_USER).toBe('admin-auth');
      await withMongodb(MONGODB_URL, async (client) => {
        await client.db().collection('x').insertOne({});
        await expect(client.db('records').collection('rows').findOne()).rejects.toThrow(/not authorized/);
      });
    } finally {
      await configured.stop();
      await rm(other, { recursive: true, force: true });
    }
  });

  it('share the configured user where it may not create others', async () => {
    const other = await mkdtemp(join(tmpdir(), 'keyport-configured-'));
    await withMongodb(servers.mongodbUrl, (client) =>
      client.db('team').command({ createUser: 'team', pwd: 'word', roles: [{ role: 'readWrite', db: 'team' }] }),
    );
    const { host, search } = new URL(servers.mongodbUrl);
    const mongodbUrl = `mongodb://team:word@${host}/${search.replace('authSource=admin', 'authSource=team')}`;
    const said: string[] = [];

    const configured = await startServers({
      ...{ home: other, mongodbUrl, natsUrl: natsUrlWithUser() },
      log: (line) => said.push(line),
    });

    await configured.stop();
    await rm(other, { recursive: true, force: true });
    expect(said.join('\n')).toMatch(/may not create users, so all services share it/);
    expect(configured.envOf('auth').MONGODB_URL).toMatch(/^mongodb:\/\/team:word@[^/]+\/auth\?.*authSource=team/);
  });
});
