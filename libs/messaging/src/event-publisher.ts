import type { EventContract, ServiceName } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { BUS_CONNECTION, SERVICE_NAME } from './tokens.ts';

/** What happened once. */
export interface Occurrence<E extends EventContract = EventContract> {
  readonly event: E;
  /** Names it among all of this service: CloudEvents `id`. */
  readonly id: string;
  /** Id of what it happened to: CloudEvents `subject`. */
  readonly subject: string;
  readonly time: Date;
  readonly data: z.input<E['data']>;
}

/** Publishes CloudEvents 1.0 (JSON format) on `events.v1.>`, stored before the promise resolves. */
@Injectable()
export class EventPublisher {
  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(SERVICE_NAME) private readonly service: ServiceName,
  ) {}

  /**
   * The same occurrence published again within the stream's duplicate window is stored once. Only what the contract names
   * goes out. Throws where the data is not what the contract says.
   */
  async publish<E extends EventContract>({ event, id, subject, time, data }: Occurrence<E>): Promise<void> {
    const cloudEvent = {
      specversion: '1.0',
      id,
      source: `/keyport/${this.service}`,
      type: event.type,
      subject,
      time: time.toISOString(),
      datacontenttype: 'application/json',
      data: event.data.parse(data),
    };
    await jetstream(this.connection, { checkAPI: false }).publish(event.subject, JSON.stringify(cloudEvent), {
      msgID: `${cloudEvent.source}/${id}`,
    });
  }
}
