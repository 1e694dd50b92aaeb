import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { keyModel, type Key } from '../keys/key.model.ts';

/** API keys by the signing key that signed their tokens. */
@Injectable()
export class SignedKeysRepository {
  private readonly keys: Model<Key>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = keyModel(connection);
  }

  /** True while a token that it signed has not expired, in its grace or not. */
  async hasLiving(kid: string, now: Date): Promise<boolean> {
    const living = [
      { signedBy: kid, expiresAt: { $gt: now } },
      { rotatedAt: { $gt: new Date(0) }, previousTokens: { $elemMatch: { signedBy: kid, endsAt: { $gt: now } } } },
    ];
    return (await this.keys.exists({ $or: living })) !== null;
  }

  /** When the last of the keys ends whose token it signed. */
  async lastEnd(kid: string): Promise<Date | undefined> {
    const last = await this.keys.findOne({ signedBy: kid }, { expiresAt: 1 }).sort({ expiresAt: -1 }).lean<Key>();
    return last?.expiresAt;
  }

  /** Some of the keys whose token it signed, that are not revoked. */
  async unrevoked(kid: string, limit: number): Promise<Key[]> {
    return this.keys.find({ signedBy: kid, revokedAt: null }).limit(limit).lean<Key[]>();
  }
}
