import { createHash } from 'node:crypto';
import { clockSkewSeconds } from '@keyport/access';
import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Schema, type Connection, type Model } from 'mongoose';

/** An assertion that was accepted, until it ends. */
interface UsedAssertion {
  /** Of its issuer and its `jti`, which others choose: hashed to one length. */
  readonly _id: string;
  readonly endsAt: Date;
}

const schema = new Schema<UsedAssertion>(
  { _id: { type: String, required: true }, endsAt: { type: Date, required: true } },
  { versionKey: false },
);
schema.index({ endsAt: 1 }, { expireAfterSeconds: 0 });

/** Assertions are good once (RFC 7523 §3, `jti`), whichever process they are shown to. */
@Injectable()
export class UsedAssertionsRepository {
  private readonly assertions: Model<UsedAssertion>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.assertions = connection.model<UsedAssertion>('UsedAssertion', schema, 'assertions');
  }

  /** True for the first of all who show it. Ask only once it verified: anybody could spend the ids of others else. */
  async spend({ issuer, id, exp }: { readonly issuer: string; readonly id: string; readonly exp: number }) {
    const _id = createHash('sha256')
      .update(JSON.stringify([issuer, id]))
      .digest('base64url');
    try {
      await this.assertions.create([{ _id, endsAt: new Date((exp + clockSkewSeconds + 1) * 1000) }]);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}
