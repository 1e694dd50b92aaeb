import type { EventContract, ServiceName } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { BUS_CONNECTION, SERVICE_NAME } from './tokens.ts';

/** Publishes CloudEvents 1.0 (JSON format) on `events.v1.>`, stored before the promise resolves. */
@Injectable()
export class EventPublisher {
  constructor(
    @Inject(BUS_CONNECTION) private readonly connection: NatsConnection,
    @Inject(SERVICE_NAME) private readonly service: ServiceName,
  ) {}

  /** `id` names the occurrence: the same one published again within the stream's duplicate window is stored once. */
  async publish<E extends EventContract>(
    event: E,
    id: string,
    subject: string,
    data: z.output<E['data']>,
  ): Promise<void> {
    const cloudEvent = {
      specversion: '1.0',
      id,
      source: `/keyport/${this.service}`,
      type: event.type,
      subject,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data,
    };
    await jetstream(this.connection).publish(event.subject, JSON.stringify(cloudEvent), {
      msgID: `${event.type}/${id}`,
    });
  }
}
