import { buckets, keyRevoked } from '@keyport/contracts';
import { BUS_CONNECTION, createBucket, EventPublisher } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { KeysRepository, type RevokedKey } from '../keys/keys.repository.ts';
import { project } from '../projections/project.ts';
import { revocationEntries } from './revocation-entries.ts';

/** Shows on the bus what is revoked. MongoDB decides; the bucket and the event only tell. */
@Injectable()
export class RevocationProjection {
  constructor(
    private readonly keys: KeysRepository,
    private readonly events: EventPublisher,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /** Resolves once the bus holds the revocation: whoever follows it refuses the key from then on. */
  async show(key: RevokedKey): Promise<void> {
    const kv = await createBucket(this.connection, buckets.revocations);
    await Promise.all(revocationEntries(key).map(([name, entry]) => kv.put(name, JSON.stringify(entry))));
    if (!key.revocationAnnounced) await this.announce(key);
  }

  /** Rebuilds the projection, and announces what a process did not come to announce before it died. */
  async reconcile(): Promise<void> {
    await project(
      this.connection,
      buckets.revocations,
      async () => new Map((await this.keys.revokedAfter(new Date())).flatMap(revocationEntries)),
    );
    for (const key of await this.keys.revokedUnannounced()) await this.announce(key);
  }

  private async announce({ _id: keyId, revokedAt }: RevokedKey): Promise<void> {
    await this.events.publish(keyRevoked, keyId, keyId, { keyId, revokedAt: revokedAt.toISOString() });
    await this.keys.markAnnounced(keyId);
  }
}
