import {
  deleteDataset,
  getDataset,
  getRecord,
  putDataset,
  readLargeRecord,
  scanRecords,
  writeRecords,
  type ReplyOf,
  type RequestInput,
} from '@keyport/contracts';
import type { RequestOptions } from '@keyport/messaging';
import { connectMongo, splitDocuments } from '@keyport/mongo';
import { TestServers, type Environment, type ServiceProcess } from '@keyport/testing';
import { BSON, EJSON } from 'bson';
import type { Connection, mongo } from 'mongoose';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { BusClient } from './bus-client.ts';

type WriteInput = RequestInput<typeof writeRecords>;
type Written = ReplyOf<typeof writeRecords>;
type ScanInput = Partial<RequestInput<typeof scanRecords>>;

/** Real mongod and nats-server, the service as processes, and who asks it. */
export class RecordsSystem {
  private sequence = 0;

  private constructor(
    readonly servers: TestServers,
    readonly bus: BusClient,
    /** The service's database, as an administrator. */
    readonly database: Connection,
  ) {}

  /** With one process of the service, unless told otherwise. */
  static async start(processes = 1): Promise<RecordsSystem> {
    const servers = await TestServers.start();
    const database = (await connectMongo(servers.mongodbUrl)).useDb('records');
    const system = new RecordsSystem(servers, await BusClient.on(servers), database);
    for (let count = 0; count < processes; count += 1) await system.startService();
    return system;
  }

  startService(env: Environment = {}): Promise<ServiceProcess> {
    return this.servers.service('records', env);
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.servers.stop();
  }

  /** How long mongod lets a transaction live that begins from now on, and nobody goes on with. */
  async letTransactionsLive(seconds: number): Promise<void> {
    const admin = this.database.getClient().db('admin');
    await admin.command({ setParameter: 1, transactionLifetimeLimitSeconds: seconds });
  }

  async dataset(name: string, definition: Omit<RequestInput<typeof putDataset>, 'name'> = {}): Promise<string> {
    await this.bus.ask('gateway', putDataset, { name, ...definition });
    return name;
  }

  /** Its definition by the contract. */
  describe(name: string) {
    return this.bus.ask('gateway', getDataset, { name });
  }

  remove(name: string) {
    return this.bus.ask('gateway', deleteDataset, { name });
  }

  /** Writes documents as one chunk of its own, unless told which. */
  write(
    dataset: string,
    documents: readonly BSON.Document[],
    chunk: Partial<WriteInput> = {},
    options: Partial<RequestOptions> = {},
  ): Promise<Written> {
    this.sequence += 1;
    const request: WriteInput = {
      ...{ dataset, source: 'test', sequence: this.sequence, mode: 'insert', key: [], hasOwnIds: true },
      ...{ documents: bsonOf(documents), count: documents.length },
      ...chunk,
    };
    return this.bus.ask('import', writeRecords, request, options);
  }

  /** All records by scanning page after page; with all rights unless an authority is given. */
  async scan(dataset: string, options: ScanInput = {}, authority?: string): Promise<BSON.Document[]> {
    const documents: BSON.Document[] = [];
    for await (const page of this.pages(dataset, options, authority)) documents.push(...page);
    return documents;
  }

  /** The same as plain values, numbers as numbers. */
  async plain(dataset: string, options: ScanInput = {}, authority?: string): Promise<BSON.Document[]> {
    return plainly(await this.scan(dataset, options, authority));
  }

  async *pages(dataset: string, options: ScanInput = {}, authority?: string): AsyncGenerator<BSON.Document[], void> {
    let cursor: Uint8Array | undefined;
    do {
      const request = { dataset, ...options, ...(cursor && { cursor }) };
      const { documents, count, next, large } = await this.bus.ask(
        'export',
        scanRecords,
        request,
        authority ? { authority } : {},
      );
      if (large) {
        const document = await this.large({ dataset, large, fields: options.fields }, authority);
        yield [BSON.deserialize(document, { promoteValues: false })];
      }
      const page = splitDocuments(documents).map((document) => BSON.deserialize(document, { promoteValues: false }));
      if (page.length !== count) throw new Error(`${page.length} documents, count says ${count}`);
      yield page;
      cursor = next;
    } while (cursor);
  }

  /** The text of a record that one message carries. */
  async json(dataset: string, id: string, authority?: string): Promise<string> {
    const found = await this.bus.ask('gateway', getRecord, { dataset, id }, authority ? { authority } : {});
    if ('large' in found) throw new Error(`${id} travels in parts`);
    return Buffer.from(found.json).toString();
  }

  /** A document that travels in parts. */
  async large(request: RequestInput<typeof readLargeRecord>, authority?: string): Promise<Buffer> {
    const parts = await this.bus.replies('export', readLargeRecord, request, authority);
    const numbers = parts.map(({ part, of }) => `${part} of ${of}`);
    const expected = parts.map((_, index) => `${index + 1} of ${parts.length}`);
    if (numbers.join() !== expected.join()) throw new Error(`the parts are ${numbers.join()}`);
    return Buffer.concat(parts.map(({ bytes }) => bytes));
  }

  async collectionOf(dataset: string): Promise<mongo.Collection> {
    const definition = await this.database.db?.collection<DatasetDefinition>('datasets').findOne({ _id: dataset });
    if (!definition || !this.database.db) throw new Error(`no dataset ${dataset}`);
    return this.database.db.collection(definition.collectionName);
  }
}

export const bsonOf = (documents: readonly BSON.Document[]): Buffer =>
  Buffer.concat(documents.map((document) => BSON.serialize(document)));

export const plainly = (documents: readonly BSON.Document[]): BSON.Document[] =>
  documents.map((one) => EJSON.deserialize(EJSON.serialize(one, { relaxed: true })) as BSON.Document);

/** Index, code and path of each rejected row. */
export const refusalsOf = ({ rejected }: Pick<Written, 'rejected'>): unknown[][] =>
  rejected.map(({ index, code, path }) => [index, code, ...(path === undefined ? [] : [path])]);
