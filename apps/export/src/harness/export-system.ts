import { createHash } from 'node:crypto';
import {
  createExport,
  getExport,
  KeyportError,
  readExportFile,
  type Export,
  type ReplyOf,
  type RequestContract,
  type RequestInput,
} from '@keyport/contracts';
import { connectMongo } from '@keyport/mongo';
import { eventually, GatewayDouble, TestServers, type ServiceProcess, type Who } from '@keyport/testing';
import type { Connection } from 'mongoose';
import type { Selection } from './read-pages.ts';

/** Milliseconds for one answer, and to ask again: far more than contracts say, since the machine may stand still. */
const patiently = { timeoutMs: 30_000, retryForMs: 30_000 };

/** Who asks unless another is named. */
export const ann: Who = { sub: 'ann', scope: 'exports:create:* records:read:* datasets:*:*' };

/** Real mongod, nats-server and auth, and someone who speaks for callers; the test adds `records` and `export`. */
export class ExportSystem {
  private constructor(
    readonly servers: TestServers,
    readonly gateway: GatewayDouble,
    /** As administrator. */
    readonly mongodb: Connection,
    /** The service's own. */
    readonly database = mongodb.useDb('export'),
  ) {}

  static async start(): Promise<ExportSystem> {
    const servers = await TestServers.start();
    // Rights that a test tells are in no database: auth would take them back.
    const auth = servers.service('auth', { KEYPORT_PROJECTION_SECONDS: '86400' });
    const mongodb = await connectMongo(servers.mongodbUrl);
    await auth;
    return new ExportSystem(servers, await GatewayDouble.on(servers), mongodb);
  }

  startExport(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    return this.servers.service('export', env);
  }

  async stop(): Promise<void> {
    await this.mongodb.close();
    await this.servers.stop();
  }

  async ask<C extends RequestContract>(contract: C, request: RequestInput<C>, who = ann): Promise<ReplyOf<C>> {
    const authority = await this.gateway.contextFor(who);
    return this.gateway.requester.request(contract, request, { authority, ...patiently });
  }

  /** Asked again where auth or records stood still for longer than they are waited for: nothing was accepted then. */
  async create(dataset: string, selection: Selection = {}, who?: Who): Promise<Export> {
    for (let left = 3; ; left -= 1) {
      try {
        return await this.ask(createExport, { dataset, ...selection }, who);
      } catch (error) {
        const hasStoodStill = error instanceof KeyportError && error.code === 'SERVICE_TIMEOUT';
        if (!hasStoodStill || error.params['service'] === 'export' || left === 0) throw error;
      }
    }
  }

  get(exportId: string, who?: Who): Promise<Export> {
    return this.ask(getExport, { exportId }, who);
  }

  /** The export once it has ended; a service or server may be away meanwhile. */
  async ended(job: Export, who?: Who): Promise<Export> {
    return eventually(
      () => this.get(job.id, who).catch(() => job),
      ({ state }) => state !== 'queued' && state !== 'running',
    );
  }

  async completed(job: Export, who?: Who): Promise<Export> {
    const done = await this.ended(job, who);
    if (done.state !== 'completed') throw new Error(`the export ended as ${JSON.stringify(done)}`);
    return done;
  }

  async download(exportId: string, who?: Who): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let offset = 0; ;) {
      const { bytes } = await this.ask(readExportFile, { exportId, offset, length: 1024 * 1024 }, who);
      if (bytes.length === 0) return Buffer.concat(pieces);
      pieces.push(bytes);
      offset += bytes.length;
    }
  }

  /** Parts of its file that are stored now. */
  partsOf(exportId: string): Promise<number> {
    return this.database.collection('parts').countDocuments({ exportId });
  }

  /** Resolves once a part of its file is stored. */
  async untilPartStored(exportId: string): Promise<void> {
    await eventually(
      () => this.partsOf(exportId),
      (parts) => parts > 0,
    );
  }

  async untilFreed(exportId: string): Promise<void> {
    await eventually(
      () => this.partsOf(exportId),
      (parts) => parts === 0,
    );
  }
}

export const digestOf = (file: Uint8Array | string): string =>
  `sha-256=:${createHash('sha256').update(file).digest('base64')}:`;
