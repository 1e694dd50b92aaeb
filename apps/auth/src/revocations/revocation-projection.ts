import { buckets } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { KeysRepository, type RevokedKey } from '../keys/keys.repository.ts';
import { project } from '../projections/project.ts';
import { RevocationsRepository } from './revocations.repository.ts';
import { RevocationsService } from './revocations.service.ts';

/** Shows on the bus what is revoked. MongoDB decides; the bucket only tells. */
@Injectable()
export class RevocationProjection {
  constructor(
    private readonly keys: KeysRepository,
    private readonly entries: RevocationsRepository,
    private readonly revocations: RevocationsService,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /**
   * Ends the key, its token, and whatever was minted through it, which names the key's id or the token's among its
   * ancestors. Resolves once the bus holds it: whoever follows it refuses them from then on.
   */
  async show(key: RevokedKey): Promise<void> {
    const { _id: keyId, tokenId, revocationKeptUntil: endsAt } = key;
    const by = key.userId;
    await Promise.all([
      this.revocations.end({ level: 'key', keyId }, { endsAt, by }),
      this.revocations.end({ level: 'jti', jti: tokenId }, { endsAt, by }),
      this.revocations.end({ level: 'jti', jti: keyId }, { endsAt, by }),
    ]);
    if (!key.revocationAnnounced) await this.keys.markAnnounced(keyId);
  }

  /** Rebuilds the projection, and completes what a process did not come to do before it died. */
  async reconcile(): Promise<void> {
    await project(this.connection, buckets.revocations, () => this.entries.shown());
    for (const key of await this.keys.revokedUnannounced()) await this.show(key);
  }
}
