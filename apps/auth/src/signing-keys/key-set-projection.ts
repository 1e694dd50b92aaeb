import { buckets, jwksEntry } from '@keyport/contracts';
import { BUS_CONNECTION } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { project } from '../projections/project.ts';
import { SigningKeysRepository } from './signing-keys.repository.ts';

/** Shows the public halves of the signing keys on the bus, for all who verify tokens. */
@Injectable()
export class KeySetProjection {
  constructor(
    private readonly keys: SigningKeysRepository,
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
  ) {}

  async reconcile(): Promise<void> {
    await project(this.connection, buckets.jwks, async () => {
      const keys = await this.keys.all();
      return new Map(keys.map(({ _id, publicJwk, issuers }) => [_id, jwksEntry.parse({ jwk: publicJwk, issuers })]));
    });
  }
}
