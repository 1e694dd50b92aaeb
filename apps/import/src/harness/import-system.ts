import {
  createImport,
  getImport,
  listRejects,
  putDataset,
  sealUpload,
  type Import,
  type RejectedRow,
  type ReplyOf,
  type RequestContract,
  type RequestInput,
} from '@keyport/contracts';
import { eventually, GatewayDouble, TestServers, type ServiceProcess, type Who } from '@keyport/testing';
import { mongo } from 'mongoose';
import type { ImportDocument } from '../imports/import.model.ts';
import { publishUpload, type PublishAt } from './publish-upload.ts';

type Create = Partial<RequestInput<typeof createImport>>;

interface SealAs {
  readonly epoch?: number;
  readonly who?: Who;
  readonly digest?: string;
}

/** Small files have several chunks then. */
const chunkRows = '1000';

/** Longer than any machine stands still; a context is good for little longer. */
const patienceMs = 50_000;

/** Who asks unless another is named. */
export const owner: Who = { sub: 'owner', scope: '*' };

/** Real mongod, nats-server, auth and records, and a gateway's part played by the test, which adds `import`. */
export class ImportSystem {
  private readonly importing: ServiceProcess[] = [];
  private datasets = 0;

  private constructor(
    readonly servers: TestServers,
    readonly gateway: GatewayDouble,
    /** All databases, for looking at what is stored. */
    readonly mongodb: mongo.MongoClient,
    private records: ServiceProcess,
  ) {}

  static async start(): Promise<ImportSystem> {
    const servers = await TestServers.start();
    // Rights that a test tells are in no database: auth would take them back.
    const auth = servers.service('auth', { KEYPORT_PROJECTION_SECONDS: '86400' });
    const services = Promise.all([servers.service('records'), auth]);
    const mongodb = await mongo.MongoClient.connect(servers.mongodbUrl, { serverSelectionTimeoutMS: 120_000 });
    const [records] = await services;
    return new ImportSystem(servers, await GatewayDouble.on(servers), mongodb, records);
  }

  async startImport(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const service = await this.servers.service('import', { KEYPORT_IMPORT_CHUNK_ROWS: chunkRows, ...env });
    this.importing.push(service);
    return service;
  }

  /** Kills every import service that runs. */
  async killImports(): Promise<void> {
    await Promise.all(this.importing.splice(0).map((service) => service.end('SIGKILL')));
  }

  /** Kills the records service, and starts it again. */
  async restartRecords(): Promise<void> {
    await this.records.end('SIGKILL');
    this.records = await this.servers.service('records');
  }

  /**
   * Holds what the work changes against everyone else, until what it gives back is called. mongod would end the transaction
   * after 10 s, where a slow test still needs it.
   */
  async locked(work: (session: mongo.ClientSession) => Promise<unknown>): Promise<() => Promise<void>> {
    const session = this.mongodb.startSession();
    const limit = (seconds: number) =>
      this.mongodb.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: seconds });
    // That of a transaction is the one which holds when it begins.
    await limit(600);
    session.startTransaction();
    await work(session);
    await limit(10);
    return async () => {
      await session.abortTransaction();
      await session.endSession();
    };
  }

  async stop(): Promise<void> {
    await this.mongodb.close();
    await this.servers.stop();
  }

  /** Lives through restarts of what it asks. */
  async ask<C extends RequestContract>(contract: C, request: RequestInput<C>, who = owner): Promise<ReplyOf<C>> {
    const authority = await this.gateway.contextFor(who);
    return this.gateway.requester.request(contract, request, {
      ...{ authority, retryForMs: patienceMs },
      timeoutMs: Math.max(contract.timeoutMs, patienceMs),
    });
  }

  /** Makes a dataset with a name of its own. */
  async dataset(definition: Omit<RequestInput<typeof putDataset>, 'name'> = {}): Promise<string> {
    this.datasets += 1;
    const name = `set-${this.datasets}`;
    await this.ask(putDataset, { name, ...definition });
    return name;
  }

  async create(dataset: string, request: Create = {}, who?: Who): Promise<string> {
    const created = { dataset, format: 'ndjson', contentEncoding: 'identity', options: {}, ...request } as const;
    return (await this.ask(createImport, created, who)).importId;
  }

  async publish(importId: string, bytes: Uint8Array, at: PublishAt = {}): Promise<void> {
    await publishUpload(await this.servers.connectionOf('gateway'), importId, bytes, at);
  }

  seal(importId: string, length: number, { epoch = 1, who = owner, digest }: SealAs = {}): Promise<Import> {
    return this.ask(sealUpload, { importId, epoch, length, digest }, who);
  }

  /** Creates, uploads and seals. */
  async send(dataset: string, bytes: Uint8Array, request: Create = {}, who = owner): Promise<string> {
    const importId = await this.create(dataset, request, who);
    await this.publish(importId, bytes);
    await this.seal(importId, bytes.length, { who });
    return importId;
  }

  /** Creates and uploads all but the last byte: it cannot end by itself before {@link finish}. */
  async begin(dataset: string, bytes: Uint8Array, request: Create = {}, who?: Who): Promise<string> {
    const importId = await this.create(dataset, request, who);
    await this.publish(importId, bytes.subarray(0, -1));
    return importId;
  }

  /** Uploads the last byte, and seals. */
  async finish(importId: string, bytes: Uint8Array, who = owner): Promise<Import> {
    await this.publish(importId, bytes.subarray(-1), { offset: bytes.length - 1 });
    return this.seal(importId, bytes.length, { who });
  }

  get(importId: string): Promise<Import> {
    return this.ask(getImport, { importId });
  }

  /** The import once it has ended. */
  ended(importId: string): Promise<Import> {
    return eventually(
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
    const rows: RejectedRow[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.ask(listRejects, { importId, cursor, limit: 500 });
      rows.push(...page.items);
      if (page.next === null) return rows;
      cursor = page.next;
    }
  }

  /** Documents that a dataset holds now. */
  async count(dataset: string): Promise<number> {
    return (await this.collection(dataset)).countDocuments();
  }

  async collection(dataset: string): Promise<mongo.Collection> {
    const records = this.mongodb.db('records');
    const found = await records.collection('datasets').findOne({ _id: dataset as never });
    return records.collection(String(found?.['collectionName']));
  }
}
