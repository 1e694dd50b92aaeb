import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createImport,
  getImport,
  listRejects,
  maxPieceBytes,
  pieceHeaders,
  putDataset,
  sealUpload,
  uploadSubject,
  type Import,
  type RejectedRow,
  type RequestInput,
} from '@keyport/contracts';
import { startServers, type Servers } from '@keyport/testing';
import { jetstream } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { mongo } from 'mongoose';
import { createHash } from 'node:crypto';
import type { ImportDocument } from '../imports/import.model.ts';
import { ChildService } from './child-service.ts';
import { GatewayDouble } from './gateway-double.ts';

type Create = Partial<RequestInput<typeof createImport>>;

/** Real mongod, nats-server, auth and records, and a gateway's part played by the test. */
export class TestSystem {
  readonly started: ChildService[] = [];

  private constructor(
    readonly home: string,
    readonly servers: Servers,
    readonly gateway: GatewayDouble,
    /** All databases, for looking at what is stored. */
    readonly mongodb: mongo.MongoClient,
    private records: ChildService,
  ) {}

  static async start(): Promise<TestSystem> {
    const home = await mkdtemp(join(tmpdir(), 'keyport-import-'));
    const servers = await startServers({ home, log: () => undefined });
    const auth = await ChildService.start('auth', { ...servers.envOf('auth'), KEYPORT_HOME: home });
    const records = await ChildService.start('records', servers.envOf('records'));
    const mongodb = await mongo.MongoClient.connect(servers.mongodbUrl);
    const gateway = await GatewayDouble.connect(servers.envOf('gateway'));
    const system = new TestSystem(home, servers, gateway, mongodb, records);
    system.started.push(auth);
    return system;
  }

  async startImport(env: Readonly<Record<string, string>> = {}): Promise<ChildService> {
    const service = await ChildService.start('import', { ...this.servers.envOf('import'), ...env });
    this.started.push(service);
    return service;
  }

  /** Kills the records service, and starts it again. */
  async restartRecords(): Promise<void> {
    await this.records.end('SIGKILL');
    this.records = await ChildService.start('records', this.servers.envOf('records'));
  }

  /** Kills a server; whoever started it starts it again. */
  async killServer(name: 'mongod' | 'nats'): Promise<void> {
    const server = this.servers.processes[name];
    const before = server?.pid;
    if (before === undefined) throw new Error(`${name} does not run`);
    process.kill(before, 'SIGKILL');
    await until(
      () => server?.pid,
      (pid) => pid !== undefined && pid !== before,
    );
  }

  owner(): Promise<string> {
    return this.gateway.caller('owner', ['*']);
  }

  async putDataset(name: string, definition: { schema?: Record<string, unknown>; key?: string[] } = {}): Promise<void> {
    await this.gateway.requester.request(putDataset, { name, ...definition }, { authority: await this.owner() });
  }

  async create(dataset: string, request: Create = {}, authority?: string): Promise<string> {
    const { importId } = await this.gateway.requester.request(
      createImport,
      { dataset, format: 'ndjson', contentEncoding: 'identity', options: {}, ...request },
      { authority: authority ?? (await this.owner()) },
    );
    return importId;
  }

  /** Publishes bytes as a gateway does. */
  async publish(importId: string, bytes: Uint8Array, { offset = 0, epoch = 1, pieceBytes = maxPieceBytes } = {}) {
    const client = jetstream(this.gateway.connection);
    const pending: Promise<unknown>[] = [];
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      const piece = bytes.subarray(start, start + pieceBytes);
      const hdrs = headers();
      hdrs.set(pieceHeaders.offset, String(offset + start));
      hdrs.set(pieceHeaders.epoch, String(epoch));
      hdrs.set(pieceHeaders.digest, createHash('sha256').update(piece).digest('hex'));
      pending.push(client.publish(uploadSubject(importId), piece, { headers: hdrs }));
      if (pending.length >= 16) await Promise.all(pending.splice(0));
    }
    await Promise.all(pending);
  }

  async seal(importId: string, length: number, epoch = 1): Promise<Import> {
    const authority = await this.owner();
    return this.gateway.requester.request(sealUpload, { importId, epoch, length }, { authority, retryForMs: 20_000 });
  }

  /** Creates, uploads and seals. */
  async send(dataset: string, bytes: Uint8Array, request: Create = {}): Promise<string> {
    const importId = await this.create(dataset, request);
    await this.publish(importId, bytes);
    await this.seal(importId, bytes.length);
    return importId;
  }

  async get(importId: string): Promise<Import> {
    const authority = await this.owner();
    return this.gateway.requester.request(getImport, { importId }, { authority, retryForMs: 20_000 });
  }

  /** The import once it has ended. */
  ended(importId: string): Promise<Import> {
    return until(
      () => this.get(importId),
      ({ state }) => !['receiving', 'processing'].includes(state),
    );
  }

  async imported(dataset: string, bytes: Uint8Array, request: Create = {}): Promise<Import> {
    return this.ended(await this.send(dataset, bytes, request));
  }

  /** The import as MongoDB holds it, which needs no service to be running. */
  async stored(importId: string): Promise<ImportDocument> {
    const found = await this.mongodb.db('import').collection<ImportDocument>('imports').findOne({ _id: importId });
    if (!found) throw new Error(`there is no import ${importId}`);
    return found;
  }

  async rejects(importId: string): Promise<RejectedRow[]> {
    const authority = await this.owner();
    const rows: RejectedRow[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.gateway.requester.request(listRejects, { importId, cursor, limit: 500 }, { authority });
      rows.push(...page.items);
      if (page.next === null) return rows;
      cursor = page.next;
    }
  }

  /** Documents that a dataset holds now. */
  async count(dataset: string): Promise<number> {
    return (await this.collection(dataset)).countDocuments();
  }

  async collection(dataset: string) {
    const records = this.mongodb.db('records');
    const found = await records.collection('datasets').findOne({ _id: dataset as never });
    return records.collection(String(found?.['collectionName']));
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    await this.mongodb.close();
    await Promise.all([...this.started, this.records].map((service) => service.stop()));
    await this.servers.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Asks until the answer is as wanted, for at most `withinMs`. */
export async function until<T>(
  ask: () => Promise<T> | T,
  isWanted: (answer: T) => boolean,
  withinMs = 40_000,
): Promise<T> {
  for (const end = Date.now() + withinMs; ; await delay(20)) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms in vain; last was ${JSON.stringify(answer)}`);
  }
}
