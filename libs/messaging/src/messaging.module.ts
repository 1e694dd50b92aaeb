import type { ServiceName } from '@keyport/contracts';
import { Module, type DynamicModule } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusHealth } from './bus-health.ts';
import { EventPublisher } from './event-publisher.ts';
import { Requester } from './requester.ts';
import { BUS_CONNECTION, SERVICE_NAME, STALE_VIEW_MS } from './tokens.ts';

/** Gives an app its requester and event publisher on the process's one NATS connection. */
@Module({})
export class MessagingModule {
  static on(connection: NatsConnection, service: ServiceName, staleViewSeconds = 60): DynamicModule {
    return {
      module: MessagingModule,
      global: true,
      providers: [
        { provide: BUS_CONNECTION, useValue: connection },
        { provide: SERVICE_NAME, useValue: service },
        { provide: STALE_VIEW_MS, useValue: staleViewSeconds * 1000 },
        BusHealth,
        Requester,
        EventPublisher,
      ],
      exports: [BUS_CONNECTION, SERVICE_NAME, STALE_VIEW_MS, BusHealth, Requester, EventPublisher],
    };
  }
}
