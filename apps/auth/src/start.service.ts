import { buckets, streams } from '@keyport/contracts';
import { BUS_CONNECTION, ensureBucket, ensureStream } from '@keyport/messaging';
import { MONGO_CONNECTION, syncIndexes } from '@keyport/mongo';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { Connection } from 'mongoose';
import { createAuditStream } from './audit/audit-stream.ts';
import { ProjectionsService } from './projections/projections.service.ts';
import { SigningKeysService } from './signing-keys/signing-keys.service.ts';
import { OwnerService } from './users/owner.service.ts';

const day = 24 * 3600_000;

/**
 * How long the world can catch up on Keyport's events, and within what time a repeated one is told from a new one: a relay
 * may be frozen for so long between two events without telling them out of order.
 */
const eventSettings = { max_age: nanos(7 * day), max_bytes: 1024 ** 3, duplicate_window: nanos(10 * 60_000) };

/** What must be there before the first request is answered, in the order in which one needs the other. */
@Injectable()
export class StartService implements OnModuleInit {
  constructor(
    private readonly signingKeys: SigningKeysService,
    private readonly owner: OwnerService,
    private readonly projections: ProjectionsService,
    @Inject(BUS_CONNECTION) private readonly bus: NatsConnection,
    @Inject(MONGO_CONNECTION) private readonly database: Connection,
  ) {}

  async onModuleInit(): Promise<void> {
    await ensureStream(this.bus, streams.events, eventSettings);
    await createAuditStream(this.bus);
    for (const bucket of Object.values(buckets)) await ensureBucket(this.bus, bucket);
    await syncIndexes(this.database);
    await this.signingKeys.load();
    await this.owner.ensure();
    await this.projections.start();
  }
}
