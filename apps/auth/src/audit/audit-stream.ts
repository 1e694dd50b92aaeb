import { streams } from '@keyport/contracts';
import { ensureStream } from '@keyport/messaging';
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  type Consumer,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';

/** Some million entries: what gateways tell while auth or its database is away. */
const maxBytes = 1024 ** 3;
/** What a killed process had taken is told anew after so long; storing it a second time changes nothing. */
const ackWaitMs = 5_000;
/** Entries that all processes of auth together have taken and not stored yet. */
const maxTaken = 2_000;
const durable = 'audit';

/** A work queue: what auth has stored is gone from it, and a full one refuses new entries rather than lose old ones. */
export const createAuditStream = (connection: NatsConnection): Promise<void> =>
  ensureStream(connection, streams.audit, {
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: maxBytes,
    duplicate_window: nanos(2 * 60_000),
  });

/** The one consumer that all processes of auth share. */
export async function openAuditConsumer(connection: NatsConnection): Promise<Consumer> {
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const info = await manager.consumers.add(streams.audit.name, {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: maxTaken,
  });
  return jetstream(connection, { checkAPI: false }).consumers.getConsumerFromInfo(info);
}
