import { clockSkewSeconds } from '@keyport/access';
import { keyRevoked } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { untoldEvent } from '@keyport/outbox';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { keyModel, type Key } from '../keys/key.model.ts';
import { publicKeyModel, type PublicKey } from '../public-keys/public-key.model.ts';
import { revocationKeptUntil } from '../revocations/revocation-entries.ts';

/** What a user holds beside sessions, and loses when they are deleted. */
@Injectable()
export class HeldKeysRepository {
  private readonly keys: Model<Key>;
  private readonly publicKeys: Model<PublicKey>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.keys = keyModel(connection);
    this.publicKeys = publicKeyModel(connection);
  }

  async revokeAllOf(userId: string, session: ClientSession): Promise<void> {
    const held = { userId, revokedAt: null };
    const revokedAt = new Date();
    for (const { _id, expiresAt } of await this.keys.find(held, { expiresAt: 1 }).session(session).lean<Key[]>()) {
      const $set = { revokedAt, revocationKeptUntil: revocationKeptUntil(expiresAt, revokedAt) };
      const untold = untoldEvent(keyRevoked, { revokedAt: revokedAt.toISOString() });
      await this.keys.updateOne({ _id }, { $set, $push: { untold } }, { session });
    }
    const publicKeys = await this.publicKeys.find(held, { maxLifetimeSeconds: 1 }).session(session).lean<PublicKey[]>();
    for (const { _id, maxLifetimeSeconds } of publicKeys) {
      // A token may have been signed with it until now, by a clock that is a little ahead.
      const lastTokenEndsAt = new Date(revokedAt.getTime() + (maxLifetimeSeconds + clockSkewSeconds) * 1000);
      const $set = {
        revokedAt,
        thumbprint: null,
        revocationKeptUntil: revocationKeptUntil(lastTokenEndsAt, revokedAt),
      };
      await this.publicKeys.updateOne({ _id }, { $set }, { session });
    }
  }
}
