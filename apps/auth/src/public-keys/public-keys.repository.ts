import { KeyportError } from '@keyport/contracts';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { heldWithin, type Reach } from '../rights/reach.ts';
import { publicKeyModel, type PublicKey } from './public-key.model.ts';

export interface RevokedPublicKey extends PublicKey {
  readonly revokedAt: Date;
  readonly revocationKeptUntil: Date;
}

/** Whose revocation: the ids of public keys, or all that were registered through something. */
type Ending = { readonly _id: string } | { readonly ancestors: string };

@Injectable()
export class PublicKeysRepository {
  private readonly publicKeys: Model<PublicKey>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.publicKeys = publicKeyModel(connection);
  }

  /** Throws PUBLIC_KEY_INVALID where the user has registered the same key already. */
  async insert(key: PublicKey): Promise<void> {
    try {
      await this.publicKeys.create([key]);
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      throw new KeyportError('PUBLIC_KEY_INVALID', { reason: 'it is registered already' }, { cause: error });
    }
  }

  async find(publicKeyId: string, reach: Reach): Promise<PublicKey | null> {
    return this.publicKeys.findOne({ _id: publicKeyId, ...heldWithin(reach) }).lean<PublicKey>();
  }

  async findAll(publicKeyIds: readonly string[]): Promise<PublicKey[]> {
    return this.publicKeys.find({ _id: { $in: [...publicKeyIds] } }).lean<PublicKey[]>();
  }

  /** Newest first, those registered before the one with the id `before`. */
  async page(reach: Reach, limit: number, before: string | undefined): Promise<PublicKey[]> {
    const filter = { ...heldWithin(reach), ...(before === undefined ? {} : { _id: { $lt: before } }) };
    return this.publicKeys.find(filter).sort({ _id: -1 }).limit(limit).lean<PublicKey[]>();
  }

  /** Marks them as revoked, once; what is revoked already stays as it is. True where there was one. */
  async revoke(which: Ending, revokedAt: Date, revocationKeptUntil: Date): Promise<boolean> {
    const change = { revokedAt, revocationKeptUntil, thumbprint: null };
    const { modifiedCount } = await this.publicKeys.updateMany({ ...which, revokedAt: null }, { $set: change });
    return modifiedCount > 0;
  }

  /** Revoked ones of which the bus may not know. */
  async revokedUntold(): Promise<RevokedPublicKey[]> {
    return this.publicKeys
      .find({ revokedAt: { $gt: new Date(0) }, isRevocationTold: false })
      .lean<RevokedPublicKey[]>();
  }

  async markTold(publicKeyId: string): Promise<void> {
    await this.publicKeys.updateOne({ _id: publicKeyId }, { $set: { isRevocationTold: true } });
  }
}
