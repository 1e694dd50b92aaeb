import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { refreshTokenModel, type RefreshToken } from './refresh-token.model.ts';
import { newRefreshToken, refreshTokenHash } from './refresh-token.ts';
import type { Session } from './session.model.ts';

@Injectable()
export class RefreshTokensRepository {
  private readonly tokens: Model<RefreshToken>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.tokens = refreshTokenModel(connection);
  }

  /** A new token of the session: the only time that it is known. */
  async issue({ _id: sessionId, expiresAt }: Pick<Session, '_id' | 'expiresAt'>): Promise<string> {
    const token = newRefreshToken();
    await this.tokens.create({ _id: refreshTokenHash(token), sessionId, usedAt: null, expiresAt });
    return token;
  }

  async find(token: string): Promise<RefreshToken | null> {
    const hash = refreshTokenHash(token);
    return hash === undefined ? null : this.tokens.findById(hash).lean<RefreshToken>();
  }

  /** True for one of all who spend it, whichever process they ask. */
  async spend({ _id }: RefreshToken): Promise<boolean> {
    const { modifiedCount } = await this.tokens.updateOne({ _id, usedAt: null }, { $set: { usedAt: new Date() } });
    return modifiedCount > 0;
  }
}
