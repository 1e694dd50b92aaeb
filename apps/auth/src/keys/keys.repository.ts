import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { keyModel, type Key } from './key.model.ts';

export interface RevokedKey extends Key {
  readonly revokedAt: Date;
  readonly revocationKeptUntil: Date;
}

/** Whose keys: one user's, or all. */
export type KeyHolder = { readonly userId: string } | 'anyone';

const heldBy = (holder: KeyHolder) => (holder === 'anyone' ? {} : { userId: holder.userId });

@Injectable()
export class KeysRepository {
  private readonly keys: Model<Key>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = keyModel(connection);
  }

  async insert(key: Key, session?: ClientSession): Promise<void> {
    await this.keys.create([key], session ? { session } : {});
  }

  async find(keyId: string, holder: KeyHolder): Promise<Key | null> {
    return this.keys.findOne({ _id: keyId, ...heldBy(holder) }).lean<Key>();
  }

  /** Newest first, those made before the key `before`. */
  async page(holder: KeyHolder, limit: number, before: string | undefined): Promise<Key[]> {
    const filter = { ...heldBy(holder), ...(before === undefined ? {} : { _id: { $lt: before } }) };
    return this.keys.find(filter).sort({ _id: -1 }).limit(limit).lean<Key[]>();
  }

  /** Marks the key as revoked, once; a key that is revoked already stays as it is. */
  async revoke(keyId: string, revokedAt: Date, revocationKeptUntil: Date): Promise<RevokedKey | null> {
    await this.keys.updateOne({ _id: keyId, revokedAt: null }, { $set: { revokedAt, revocationKeptUntil } });
    return this.keys.findOne({ _id: keyId, revokedAt: { $ne: null } }).lean<RevokedKey>();
  }

  /** Revoked keys whose revocation still matters. */
  async revokedAfter(now: Date): Promise<RevokedKey[]> {
    return this.keys.find({ revocationKeptUntil: { $gt: now } }).lean<RevokedKey[]>();
  }

  async revokedUnannounced(): Promise<RevokedKey[]> {
    return this.keys
      .find({ revocationKeptUntil: { $gt: new Date(0) }, revocationAnnounced: false })
      .lean<RevokedKey[]>();
  }

  async markAnnounced(keyId: string): Promise<void> {
    await this.keys.updateOne({ _id: keyId }, { $set: { revocationAnnounced: true } });
  }
}
