import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Schema, type Connection, type Model } from 'mongoose';
import { knownForSeconds } from './throttle.ts';

/** An account was signed in to from an address. */
interface KnownAddress {
  readonly _id: string;
  readonly lastLoginAt: Date;
}

const schema = new Schema<KnownAddress>(
  { _id: { type: String, required: true }, lastLoginAt: { type: Date, required: true } },
  { versionKey: false },
);
schema.index({ lastLoginAt: 1 }, { expireAfterSeconds: knownForSeconds });

@Injectable()
export class KnownAddressesRepository {
  private readonly addresses: Model<KnownAddress>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.addresses = connection.model<KnownAddress>('KnownAddress', schema, 'known-addresses');
  }

  async isKnown(pair: string): Promise<boolean> {
    const since = new Date(Date.now() - knownForSeconds * 1000);
    return (await this.addresses.exists({ _id: pair, lastLoginAt: { $gt: since } })) !== null;
  }

  async remember(pair: string): Promise<void> {
    await this.addresses.updateOne({ _id: pair }, { $set: { lastLoginAt: new Date() } }, { upsert: true });
  }
}
