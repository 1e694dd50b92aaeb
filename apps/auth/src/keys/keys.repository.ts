import { clockSkewSeconds, maxGrantLifetimeSeconds } from '@keyport/access';
import { keyRevoked } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent, withUntold, type UntoldEvent } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model, QueryFilter } from 'mongoose';
import { heldWithin, type Reach } from '../rights/reach.ts';
import { keyModel, type Key, type PreviousToken } from './key.model.ts';

export interface RevokedKey extends Key {
  readonly revokedAt: Date;
  readonly revocationKeptUntil: Date;
}

/** A place in the list of keys that end soon. */
export interface EndingPlace {
  readonly expiresAt: Date;
  readonly keyId: string;
}

/** A key as it was read: a change is only made where these still are what they were. */
type Unchanged = Partial<Pick<Key, 'tokenId' | 'scopes' | 'limits'>> & Pick<Key, '_id'>;

@Injectable()
export class KeysRepository {
  private readonly keys: Model<Key>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = keyModel(connection);
  }

  async insert(key: Key, session?: ClientSession): Promise<void> {
    await this.keys.create([key], session ? { session } : {});
  }

  async find(keyId: string, reach: Reach): Promise<Key | null> {
    return this.keys.findOne({ _id: keyId, ...heldWithin(reach) }).lean<Key>();
  }

  async findAll(keyIds: readonly string[]): Promise<Key[]> {
    return this.keys.find({ _id: { $in: [...keyIds] } }).lean<Key[]>();
  }

  /** Newest first, those made before the key `before`. */
  async page(reach: Reach, limit: number, before: string | undefined): Promise<Key[]> {
    const filter = { ...heldWithin(reach), ...(before === undefined ? {} : { _id: { $lt: before } }) };
    return this.keys.find(filter).sort({ _id: -1 }).limit(limit).lean<Key[]>();
  }

  /** Keys that end between two instants, the next to end first, behind a place. */
  async endingPage(reach: Reach, limit: number, span: { from: Date; to: Date }, after: EndingPlace | undefined) {
    const filter: QueryFilter<Key> = {
      ...heldWithin(reach),
      revokedAt: null,
      lifetimeSeconds: { $ne: null },
      expiresAt: { $gt: span.from, $lte: span.to },
      ...(after && {
        $or: [{ expiresAt: { $gt: after.expiresAt } }, { expiresAt: after.expiresAt, _id: { $gt: after.keyId } }],
      }),
    };
    return this.keys.find(filter).sort({ expiresAt: 1, _id: 1 }).limit(limit).lean<Key[]>();
  }

  /** Gives the key as it is then; null where it was changed meanwhile, or revoked. */
  async change(unchanged: Unchanged, change: Partial<Key>, told?: UntoldEvent): Promise<Key | null> {
    const update = { $set: change, ...(told && { $push: { untold: told } }) };
    return this.keys
      .findOneAndUpdate({ ...unchanged, revokedAt: null }, update, { returnDocument: 'after' })
      .lean<Key>();
  }

  /** Marks the key as revoked, once; a key that is revoked already stays as it is. Null where it was changed meanwhile. */
  async revoke(key: Key, revokedAt: Date, revocationKeptUntil: Date): Promise<RevokedKey | null> {
    const { _id, tokenId } = key;
    // A new token that is made in between may live for longer than the revocation would be shown.
    const untold = untoldEvent(keyRevoked, { revokedAt: revokedAt.toISOString() });
    await this.keys.updateOne(
      { _id, tokenId, revokedAt: null },
      { $set: { revokedAt, revocationKeptUntil }, $push: { untold } },
    );
    return this.keys.findOne({ _id, revokedAt: { $ne: null } }).lean<RevokedKey>();
  }

  async revokedUnannounced(): Promise<RevokedKey[]> {
    return this.keys
      .find({ revocationKeptUntil: { $gt: new Date(0) }, revocationAnnounced: false })
      .lean<RevokedKey[]>();
  }

  async markAnnounced(keyId: string): Promise<void> {
    await this.keys.updateOne({ _id: keyId }, { $set: { revocationAnnounced: true } });
  }

  /** Keys that go with what they were minted through: `ancestor` is among their ancestors. */
  async revokeThrough(ancestor: string, revokedAt: Date): Promise<void> {
    const jobsEndAt = new Date(revokedAt.getTime() + (maxGrantLifetimeSeconds + clockSkewSeconds) * 1000);
    const untold = withUntold(keyRevoked, { revokedAt: revokedAt.toISOString() });
    const tokenEndsAt = { $add: ['$expiresAt', clockSkewSeconds * 1000] };
    await this.keys.updateMany(
      { ancestors: ancestor, revokedAt: null },
      [{ $set: { revokedAt, revocationKeptUntil: { $max: [tokenEndsAt, jobsEndAt] }, untold } }],
      { updatePipeline: true },
    );
  }

  /** Keys with a token before the present one whose end the bus may not know. */
  async withUntoldTokens(): Promise<Key[]> {
    return this.keys
      .find({ rotatedAt: { $gt: new Date(0) }, previousTokens: { $elemMatch: { isTold: false } } })
      .lean<Key[]>();
  }

  async markTold(keyId: string, { tokenId, endsAt }: PreviousToken): Promise<void> {
    await this.keys.updateOne(
      { _id: keyId, previousTokens: { $elemMatch: { tokenId, endsAt } } },
      { $set: { 'previousTokens.$.isTold': true } },
    );
  }

  async markUsed(uses: readonly { readonly keyId: string; readonly lastUsedAt: Date }[]): Promise<void> {
    if (uses.length === 0) return;
    const writes = uses.map(({ keyId, lastUsedAt }) => ({
      updateOne: { filter: { _id: keyId }, update: { $max: { lastUsedAt } } },
    }));
    await this.keys.bulkWrite(writes, { ordered: false });
  }
}
