import { inTransaction, isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { revocationModel, type AskedForRevocation, type Revocation } from './revocation.model.ts';

/** Revocations that somebody asked for, each with those that follow from it. */
@Injectable()
export class AskedRevocationsRepository {
  private readonly revocations: Model<AskedForRevocation>;

  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {
    this.revocations = revocationModel(connection);
  }

  /** Stores what was asked for, and what follows from it, once; gives what is stored. */
  async insert(asked: AskedForRevocation, following: readonly Revocation[]): Promise<AskedForRevocation> {
    for (;;) {
      try {
        await inTransaction(this.connection, async (session) => {
          await this.revocations.insertMany([asked, ...following], { session });
        });
        return asked;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const { askedDigest } = asked;
      const stored = await this.revocations.findOne({ origin: 'asked', askedDigest }).lean<AskedForRevocation>();
      // Otherwise it was lifted, or has ended, just now.
      if (stored) return stored;
    }
  }

  /** Newest first, those made before the one with the id `before`. */
  async page(limit: number, before: string | undefined): Promise<AskedForRevocation[]> {
    const filter = { origin: 'asked' as const, ...(before === undefined ? {} : { _id: { $lt: before } }) };
    return this.revocations.find(filter).sort({ _id: -1 }).limit(limit).lean<AskedForRevocation[]>();
  }

  async find(id: string): Promise<AskedForRevocation | null> {
    return this.revocations.findOne({ _id: id, origin: 'asked' }).lean<AskedForRevocation>();
  }

  /** Keys of KV `revocations` that it stands behind. */
  async keysOf(id: string): Promise<string[]> {
    return this.revocations.distinct('key', { $or: [{ _id: id }, { of: id }] });
  }

  async delete(id: string): Promise<void> {
    await inTransaction(this.connection, async (session) => {
      await this.revocations.deleteMany({ $or: [{ _id: id }, { of: id }] }, { session });
    });
  }
}
