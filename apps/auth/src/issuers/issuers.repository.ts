import { KeyportError } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { issuerModel, type Issuer } from './issuer.model.ts';

@Injectable()
export class IssuersRepository {
  private readonly issuers: Model<Issuer>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.issuers = issuerModel(connection);
  }

  /** Throws ISSUER_TAKEN. */
  async insert(issuer: Issuer): Promise<void> {
    try {
      await this.issuers.create([issuer]);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const other = await this.named(issuer.issuer);
      throw new KeyportError('ISSUER_TAKEN', { issuerId: other?._id }, { cause: error });
    }
  }

  async find(issuerId: string): Promise<Issuer | null> {
    return this.issuers.findOne({ _id: issuerId }).lean<Issuer>();
  }

  /** By its `iss`. */
  async named(issuer: string): Promise<Issuer | null> {
    return this.issuers.findOne({ issuer }).lean<Issuer>();
  }

  /** Newest first, those registered before the one with the id `before`. */
  async page(limit: number, before: string | undefined): Promise<Issuer[]> {
    const filter = before === undefined ? {} : { _id: { $lt: before } };
    return this.issuers.find(filter).sort({ _id: -1 }).limit(limit).lean<Issuer[]>();
  }

  /** Gives it as it is then; null where somebody else changed it meanwhile, or deleted it. */
  async change({ _id, version }: Issuer, change: Partial<Issuer>): Promise<Issuer | null> {
    return this.issuers
      .findOneAndUpdate({ _id, version }, { $set: { ...change, version: version + 1 } }, { returnDocument: 'after' })
      .lean<Issuer>();
  }

  async delete(issuerId: string): Promise<boolean> {
    return (await this.issuers.deleteOne({ _id: issuerId })).deletedCount > 0;
  }

  /** Ids of those whose key set is to be fetched anew, the longest due first. */
  async fetchDue(now: Date, limit: number): Promise<string[]> {
    const due = await this.issuers
      .find({ fetchDueAt: { $gt: new Date(0), $lte: now } }, { _id: 1 })
      .sort({ fetchDueAt: 1 })
      .limit(limit)
      .lean<Pick<Issuer, '_id'>[]>();
    return due.map(({ _id }) => _id);
  }

  /** Gives it to one alone of those who want to fetch its key set, and to none before it has rested. */
  async claimFetch(issuerId: string, now: Date, restsUntil: Date): Promise<Issuer | null> {
    return this.issuers
      .findOneAndUpdate(
        { _id: issuerId, jwksUri: { $type: 'string' }, restsUntil: { $lte: now } },
        { $set: { restsUntil } },
        { returnDocument: 'after' },
      )
      .lean<Issuer>();
  }

  /** What came of fetching, unless the address was changed meanwhile; gives what is stored then. */
  async noteFetch({ _id, jwksUri }: Issuer, outcome: Partial<Issuer>): Promise<Issuer | null> {
    return this.issuers
      .findOneAndUpdate({ _id, jwksUri }, { $set: outcome }, { returnDocument: 'after' })
      .lean<Issuer>();
  }
}
