import type { RevocationTarget } from '@keyport/access';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { keyModel, type Key } from '../keys/key.model.ts';
import { publicKeyModel, type PublicKey } from '../public-keys/public-key.model.ts';
import { signingKeyModel, type SigningKey } from '../signing-keys/signing-key.model.ts';
import { userModel, type User } from '../users/user.model.ts';

/** What this deployment knows of what is to be revoked. */
export interface RevocationSubject {
  readonly isSigningKey: boolean;
  readonly isPublicKey: boolean;
  /** The API key, or the one whose token it is. */
  readonly key: Pick<Key, '_id' | 'userId' | 'expiresAt'> | null;
  /** True where it belongs to an owner. */
  readonly isOwners: boolean;
}

const keyFields = { userId: 1, expiresAt: 1 } as const;

@Injectable()
export class RevocationSubjectsRepository {
  private readonly keys: Model<Key>;
  private readonly publicKeys: Model<PublicKey>;
  private readonly signingKeys: Model<SigningKey>;
  private readonly users: Model<User>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = keyModel(connection);
    this.publicKeys = publicKeyModel(connection);
    this.signingKeys = signingKeyModel(connection);
    this.users = userModel(connection);
  }

  async subjectOf(target: RevocationTarget): Promise<RevocationSubject> {
    const [key, publicKey, isSigningKey] = await Promise.all([
      this.keyOf(target),
      this.publicKeyOf(target),
      target.level === 'kid' && this.signingKeys.exists({ _id: target.kid }).then((found) => found !== null),
    ]);
    const ofUser = target.level === 'sub' && target.issuer === undefined ? target.subject : undefined;
    const userId = key?.userId ?? publicKey?.userId ?? ofUser;
    const isOwners = userId !== undefined && (await this.users.exists({ _id: userId, role: 'owner' })) !== null;
    return { isSigningKey, isPublicKey: publicKey !== null, key, isOwners };
  }

  /** When the last of all keys ends that were minted here. */
  async lastKeyEnd(): Promise<Date | undefined> {
    const last = await this.keys.findOne({}, { expiresAt: 1 }).sort({ expiresAt: -1 }).lean<Key>();
    return last?.expiresAt;
  }

  private async publicKeyOf(target: RevocationTarget): Promise<Pick<PublicKey, 'userId'> | null> {
    const [, id] = /(?:^pk-|\/public-keys\/)([^/]+)$/.exec(nameIn(target) ?? '') ?? [];
    return id === undefined ? null : this.publicKeys.findById(id, { userId: 1 }).lean<PublicKey>();
  }

  private async keyOf(target: RevocationTarget): Promise<RevocationSubject['key']> {
    if (target.level === 'key') return this.keys.findById(target.keyId, keyFields).lean<Key>();
    if (target.level !== 'jti' || target.issuer !== undefined) return null;
    // By its own id it is an ancestor of what was minted through it.
    const tokens = [
      { _id: target.jti },
      { tokenId: target.jti },
      { rotatedAt: { $gt: new Date(0) }, 'previousTokens.tokenId': target.jti },
    ];
    return this.keys.findOne({ $or: tokens }, keyFields).lean<Key>();
  }
}

/**
 * What may name a registered public key: its `kid` is `pk-<id>`, which also stands among the ancestors of what was made
 * through it, and its tokens have the issuer `<address>/public-keys/<id>`.
 */
function nameIn(target: RevocationTarget): string | undefined {
  if (target.level === 'kid') return target.kid;
  if ('issuer' in target && target.issuer !== undefined) return target.issuer;
  return target.level === 'jti' ? target.jti : undefined;
}
