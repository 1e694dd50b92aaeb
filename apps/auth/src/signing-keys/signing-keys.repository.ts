import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { signingKeyModel, type SigningKey } from './signing-key.model.ts';

@Injectable()
export class SigningKeysRepository {
  private readonly keys: Model<SigningKey>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = signingKeyModel(connection);
  }

  /** False where there is a current key already. */
  async insertCurrent(key: SigningKey): Promise<boolean> {
    try {
      await this.keys.create(key);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** The key that signs, from now on under this issuer too; null before the first start. */
  async currentFor(issuer: string): Promise<SigningKey | null> {
    return this.keys
      .findOneAndUpdate({ state: 'current' }, { $addToSet: { issuers: issuer } }, { returnDocument: 'after' })
      .lean<SigningKey>();
  }

  async all(): Promise<SigningKey[]> {
    return this.keys.find().lean<SigningKey[]>();
  }
}
