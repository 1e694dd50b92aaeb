import { randomBytes } from 'node:crypto';
import {
  busHeaders,
  getDataset,
  KeyportError,
  scanRecords,
  type ErrorCode,
  type RequestContract,
  type RequestOf,
} from '@keyport/contracts';
import { eventually, type TestServers } from '@keyport/testing';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { BSON } from 'bson';

interface DatasetDouble {
  readonly id: string;
  readonly documents: readonly Uint8Array[];
  readonly schema: Record<string, unknown> | undefined;
}

type ScanRequest = RequestOf<typeof scanRecords>;

/** Number of the first record that a scan asks for. */
const startOf = (cursor: Uint8Array | undefined): number => (cursor ? Buffer.from(cursor).readUInt32BE() : 0);

/** Answers scans from memory, where a test needs `records` to fail at a chosen moment. It checks no rights. */
export class RecordsDouble {
  private readonly datasets = new Map<string, DatasetDouble>();
  scans = 0;
  readonly scansOf = new Map<string, number>();
  /** Records of a page at most. */
  pageRecords = Infinity;
  /** What the n-th scan (from 1) is refused with. */
  refuse: (scan: number) => ErrorCode | undefined = () => undefined;
  private isHeld: (request: ScanRequest) => boolean = () => false;
  private held = 0;
  private release = Promise.withResolvers<void>();

  private constructor(private readonly connection: NatsConnection) {
    this.answer(scanRecords, (request) => this.scan(request));
    this.answer(getDataset, ({ name }) => Promise.resolve(this.describe(name)));
  }

  static async on(servers: TestServers): Promise<RecordsDouble> {
    return new RecordsDouble(await servers.connectionOf('records'));
  }

  /** Makes the dataset, or makes it anew. */
  fill(name: string, documents: readonly BSON.Document[], schema?: Record<string, unknown>): void {
    const id = randomBytes(12).toString('hex');
    this.datasets.set(name, { id, documents: documents.map((document) => BSON.serialize(document)), schema });
  }

  /** Counts anew, refuses nothing and holds nothing up. */
  reset(): void {
    this.scans = 0;
    this.pageRecords = Infinity;
    this.refuse = () => undefined;
    this.isHeld = () => false;
    this.held = 0;
    this.release.resolve();
  }

  /** Such scans wait until the function is called. Not told by their number: one may be asked for again. */
  holdScans(isHeld: (request: ScanRequest) => boolean): () => void {
    const release = Promise.withResolvers<void>();
    Object.assign(this, { isHeld, held: 0, release });
    return () => {
      if (this.isHeld === isHeld) this.isHeld = () => false;
      release.resolve();
    };
  }

  /** Scans that begin behind so many records wait, whoever asks for them, and how often. */
  holdScansBehind(records: number): () => void {
    return this.holdScans(({ cursor }) => startOf(cursor) >= records);
  }

  /** Resolves once a scan waits. */
  async untilHeld(): Promise<void> {
    await eventually(
      () => this.held,
      (held) => held > 0,
    );
  }

  async untilScan(scan: number): Promise<void> {
    await eventually(
      () => this.scans,
      (scans) => scans >= scan,
    );
  }

  private async scan(request: ScanRequest) {
    const { dataset, datasetId, cursor, limit = Infinity, maxBytes } = request;
    this.scans += 1;
    this.scansOf.set(dataset, (this.scansOf.get(dataset) ?? 0) + 1);
    const code = this.refuse(this.scans);
    if (code) throw new KeyportError(code, { dataset });
    if (this.isHeld(request)) {
      this.held += 1;
      await this.release.promise;
    }
    const { id, documents } = this.dataset(dataset);
    if (datasetId !== undefined && datasetId !== id) throw new KeyportError('DATASET_NOT_FOUND', { dataset });
    const start = startOf(cursor);
    let end = start;
    for (let size = 0; end < documents.length && end - start < Math.min(limit, this.pageRecords); end += 1) {
      size += documents[end]?.length ?? 0;
      if (size > maxBytes && end > start) break;
    }
    const next = Buffer.alloc(4);
    next.writeUInt32BE(end);
    const page = { datasetId: id, documents: Buffer.concat(documents.slice(start, end)), count: end - start };
    return end < documents.length ? { ...page, next } : page;
  }

  private describe(name: string) {
    const { id, schema = null, documents } = this.dataset(name);
    const at = new Date(0).toISOString();
    return { id, name, schema, key: null, count: documents.length, createdAt: at, updatedAt: at };
  }

  private dataset(name: string): DatasetDouble {
    const found = this.datasets.get(name);
    if (!found) throw new KeyportError('DATASET_NOT_FOUND', { dataset: name });
    return found;
  }

  private answer<C extends RequestContract>(contract: C, reply: (request: RequestOf<C>) => Promise<unknown>): void {
    this.connection.subscribe(contract.subject, {
      queue: 'records',
      callback: (_error, message) => void this.respond(contract, message, reply),
    });
  }

  private async respond<C extends RequestContract>(
    { encoding, request }: C,
    message: Msg,
    reply: (request: RequestOf<C>) => Promise<unknown>,
  ): Promise<void> {
    const isBson = encoding === 'bson';
    const body: unknown = isBson ? BSON.deserialize(message.data, { promoteBuffers: true }) : message.json();
    try {
      const value = await reply(request.parse(body) as RequestOf<C>);
      message.respond(isBson ? BSON.serialize(value as BSON.Document) : JSON.stringify(value));
    } catch (error) {
      const { code, params } = error instanceof KeyportError ? error : new KeyportError('INTERNAL');
      const refusal = headers();
      refusal.set(busHeaders.error, code);
      message.respond(JSON.stringify({ params }), { headers: refusal });
    }
  }
}
