import { maxGrantLifetimeSeconds } from '@keyport/access';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { clientModel, type Client } from '../clients/client.model.ts';
import { issuerModel, type Issuer } from '../issuers/issuer.model.ts';
import { keyModel, type Key } from '../keys/key.model.ts';
import { publicKeyModel, type PublicKey } from '../public-keys/public-key.model.ts';
import { userModel, type User } from '../users/user.model.ts';
import type { ClientOnRecord, KeyOnRecord, PublicKeyOnRecord, UserOnRecord } from './rights-entries.ts';

const rightsOfUser = { role: 1, scopes: 1, disabled: 1 } as const;
const rightsOfKey = { scopes: 1, limits: 1 } as const;
const rightsOfClient = { scopes: 1 } as const;

/** What MongoDB says of rights now. */
@Injectable()
export class RightsRepository {
  private readonly users: Model<User>;
  private readonly keys: Model<Key>;
  private readonly publicKeys: Model<PublicKey>;
  private readonly clients: Model<Client>;
  private readonly issuers: Model<Issuer>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.users = userModel(connection);
    this.keys = keyModel(connection);
    this.publicKeys = publicKeyModel(connection);
    this.clients = clientModel(connection);
    this.issuers = issuerModel(connection);
  }

  async user(userId: string): Promise<UserOnRecord | null> {
    return this.users.findOne({ _id: userId }, rightsOfUser).lean<UserOnRecord>();
  }

  async allUsers(): Promise<UserOnRecord[]> {
    return this.users.find({}, rightsOfUser).lean<UserOnRecord[]>();
  }

  async ownerIds(): Promise<string[]> {
    return this.users.distinct('_id', { role: 'owner' });
  }

  /** Where the key may do less than its token says, or has limits of its own. */
  async limitedKey(keyId: string): Promise<KeyOnRecord | null> {
    return this.keys.findOne({ _id: keyId, ...stillLimits() }, rightsOfKey).lean<KeyOnRecord>();
  }

  async allLimitedKeys(): Promise<KeyOnRecord[]> {
    return this.keys.find(stillLimits(), rightsOfKey).lean<KeyOnRecord[]>();
  }

  async publicKey(publicKeyId: string): Promise<PublicKeyOnRecord | null> {
    return this.publicKeys.findOne({ _id: publicKeyId, ...stillVerifies() }).lean<PublicKeyOnRecord>();
  }

  async allPublicKeys(): Promise<PublicKeyOnRecord[]> {
    return this.publicKeys.find(stillVerifies()).lean<PublicKeyOnRecord[]>();
  }

  async client(clientId: string): Promise<ClientOnRecord | null> {
    return this.clients.findById(clientId, rightsOfClient).lean<ClientOnRecord>();
  }

  async allClients(): Promise<ClientOnRecord[]> {
    return this.clients.find({}, rightsOfClient).lean<ClientOnRecord[]>();
  }

  async issuer(issuerId: string): Promise<Issuer | null> {
    return this.issuers.findOne({ _id: issuerId }).lean<Issuer>();
  }

  async allIssuers(): Promise<Issuer[]> {
    return this.issuers.find().lean<Issuer[]>();
  }
}

/** A job goes on when the key that started it has expired, and its ceiling with it; a revoked key does nothing more. */
const stillLimits = () => ({
  isLimited: true,
  revokedAt: null,
  expiresAt: { $gt: new Date(Date.now() - maxGrantLifetimeSeconds * 1000) },
});

/** A job goes on when the public key of the token that started it has expired, as above. */
const stillVerifies = () => ({
  revokedAt: null,
  $or: [{ expiresAt: null }, { expiresAt: { $gt: new Date(Date.now() - maxGrantLifetimeSeconds * 1000) } }],
});
