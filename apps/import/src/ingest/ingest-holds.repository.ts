import { randomUUID } from 'node:crypto';
import { streams } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { ingestHoldModel, type IngestHold } from './ingest-hold.model.ts';

const _id = streams.ingest.name;

/** The lease on the stream of events: one process at a time takes from it. By the clock of MongoDB. */
@Injectable()
export class IngestHoldsRepository {
  readonly leaseMs: number;
  /** Names this process, and no other that ever ran. */
  private readonly owner = randomUUID();
  private readonly holds: Model<IngestHold>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection, @Inject(IMPORT_CONFIG) config: ImportConfig) {
    this.holds = ingestHoldModel(connection);
    this.leaseMs = config.KEYPORT_IMPORT_LEASE_SECONDS * 1000;
  }

  /** So that a claim never has to create it, which two processes would do at once. */
  async prepare(): Promise<void> {
    const unheld = { owner: null, fence: 0, expiresAt: new Date(0) };
    await this.holds.updateOne({ _id }, { $setOnInsert: unheld }, { upsert: true });
  }

  /** The fence of this holder; null while another process holds the stream. */
  async claim(): Promise<number | null> {
    const held = await this.holds
      .findOneAndUpdate(
        { _id, $expr: { $or: [{ $eq: ['$owner', null] }, { $lte: ['$expiresAt', '$$NOW'] }] } },
        [{ $set: { owner: this.owner, fence: { $add: ['$fence', 1] }, expiresAt: this.expiry() } }],
        { returnDocument: 'after', updatePipeline: true },
      )
      .lean<IngestHold>()
      .exec();
    return held?.fence ?? null;
  }

  /** False where it was lost to another process. */
  async renew(fence: number): Promise<boolean> {
    const { matchedCount } = await this.holds.updateOne(
      { _id, owner: this.owner, fence },
      [{ $set: { expiresAt: this.expiry() } }],
      { updatePipeline: true },
    );
    return matchedCount === 1;
  }

  async release(fence: number): Promise<void> {
    await this.holds.updateOne({ _id, owner: this.owner, fence }, { $set: { owner: null } });
  }

  private expiry() {
    return { $add: ['$$NOW', this.leaseMs] };
  }
}
