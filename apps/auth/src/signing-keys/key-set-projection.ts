import { buckets, jwksEntry, type JwksEntry } from '@keyport/contracts';
import { BUS_CONNECTION, createBucket } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { project } from '../projections/project.ts';
import { showEntry } from '../projections/show-entry.ts';
import type { SigningKey } from './signing-key.model.ts';
import { SigningKeysRepository } from './signing-keys.repository.ts';

/** Shows the public halves of the signing keys on the bus, for all who verify tokens. A revoked key is not shown. */
@Injectable()
export class KeySetProjection {
  constructor(
    private readonly keys: SigningKeysRepository,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  /** Resolves once the bus holds what MongoDB says of these keys. */
  async show(...kids: readonly string[]): Promise<void> {
    const kv = await createBucket(this.connection, buckets.jwks);
    for (const kid of kids) {
      await showEntry(kv, kid, async () => {
        const key = await this.keys.find(kid);
        return key && isShown(key) ? entryOf(key) : null;
      });
    }
    await this.keys.markPublished(kids, new Date());
  }

  async reconcile(): Promise<void> {
    const shown: string[] = [];
    await project(this.connection, buckets.jwks, async () => {
      const keys = (await this.keys.all()).filter(isShown);
      shown.push(...keys.map(({ _id }) => _id));
      return new Map(keys.map((key) => [key._id, entryOf(key)]));
    });
    await this.keys.markPublished(shown, new Date());
  }
}

const isShown = ({ state }: SigningKey) => state !== 'revoked';

const entryOf = ({ publicJwk, issuers, state }: SigningKey): JwksEntry =>
  jwksEntry.parse({ jwk: publicJwk, issuers, state });
