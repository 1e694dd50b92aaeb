import { inTransaction, isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { signingKeyModel, type SigningKey } from './signing-key.model.ts';

@Injectable()
export class SigningKeysRepository {
  private readonly keys: Model<SigningKey>;

  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {
    this.keys = signingKeyModel(connection);
  }

  /** False where there is a key in this state already. */
  async insertOnly(key: SigningKey): Promise<boolean> {
    try {
      await this.keys.create(key);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** From now on the deployment has this address too. */
  async addIssuer(issuer: string): Promise<void> {
    await this.keys.updateMany({ state: { $ne: 'revoked' } }, { $addToSet: { issuers: issuer } });
  }

  async inState(state: 'current' | 'standby'): Promise<SigningKey | null> {
    return this.keys.findOne({ state }).lean<SigningKey>();
  }

  /** `kid` of the key that signs; asked before each signature, so that none is made with another. */
  async currentKid(): Promise<string | undefined> {
    const current = await this.keys.findOne({ state: 'current' }, { _id: 1 }).lean<Pick<SigningKey, '_id'>>();
    return current?._id;
  }

  async find(kid: string): Promise<SigningKey | null> {
    return this.keys.findById(kid).lean<SigningKey>();
  }

  /** The newest first. */
  async all(): Promise<SigningKey[]> {
    return this.keys.find().sort({ createdAt: -1, _id: 1 }).lean<SigningKey[]>();
  }

  async markPublished(kids: readonly string[], at: Date): Promise<void> {
    await this.keys.updateMany({ _id: { $in: kids }, publishedAt: null }, { $set: { publishedAt: at } });
  }

  /** The standby key of this `kid` signs from now on, and `next` stands by; false where another process was first. */
  async rotate(kid: string, next: SigningKey, now: Date): Promise<boolean> {
    return inTransaction(this.connection, async (session) => {
      if (!(await this.keys.exists({ _id: kid, state: 'standby' }).session(session))) return false;
      await this.retire({ state: 'current' }, { state: 'previous', previousSince: now }, session);
      await this.promote(kid, next, now, session);
      return true;
    });
  }

  /**
   * Takes a key out of use, its private half with it. Where it stood in line, the line closes up: `next` stands by.
   * False where the line was another one than `standby` says; the key is then as it was.
   */
  async revoke(kid: string, standby: string, next: SigningKey, now: Date): Promise<boolean> {
    return inTransaction(this.connection, async (session) => {
      const key = await this.keys.findById(kid).session(session).lean<SigningKey>();
      if (key?.state === 'revoked') return true;
      if (!(await this.keys.exists({ _id: standby, state: 'standby' }).session(session))) return false;
      await this.retire({ _id: kid }, { state: 'revoked', revokedAt: now, sealedPrivateJwk: null }, session);
      if (key?.state === 'current') await this.promote(standby, next, now, session);
      if (key?.state === 'standby') await this.keys.create([next], { session });
      return true;
    });
  }

  async revokedWithKeys(): Promise<SigningKey[]> {
    return this.keys.find({ state: 'revoked', hasEndedKeys: false }).lean<SigningKey[]>();
  }

  async markKeysEnded(kid: string): Promise<void> {
    await this.keys.updateOne({ _id: kid }, { $set: { hasEndedKeys: true } });
  }

  /** Keys that have signed nothing, and could sign nothing, since then. */
  async retiredBefore(instant: Date): Promise<SigningKey[]> {
    const retired = [
      { state: 'previous' as const, previousSince: { $lt: instant } },
      { state: 'revoked' as const, hasEndedKeys: true, revokedAt: { $lt: instant } },
    ];
    return this.keys.find({ $or: retired }).lean<SigningKey[]>();
  }

  async delete(kid: string): Promise<void> {
    await this.keys.deleteOne({ _id: kid, state: { $in: ['previous', 'revoked'] } });
  }

  private async retire(
    which: { state: 'current' } | { _id: string },
    change: Partial<SigningKey>,
    session: ClientSession,
  ): Promise<void> {
    await this.keys.updateOne(which, { $set: change }, { session });
  }

  private async promote(kid: string, next: SigningKey, now: Date, session: ClientSession): Promise<void> {
    await this.keys.updateOne({ _id: kid }, { $set: { state: 'current', currentSince: now } }, { session });
    await this.keys.create([next], { session });
  }
}
