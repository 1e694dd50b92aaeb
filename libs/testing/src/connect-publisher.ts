import { publisherInbox } from '@keyport/contracts';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';

/** Connects to NATS with a Keyport key, as a service of a team does. Rejects where nats-server refuses it. */
export const connectPublisher = (
  url: string,
  token: string,
  options: ConnectionOptions = {},
): Promise<NatsConnection> =>
  connect({
    ...{ servers: url, user: 'orders-service', pass: token, inboxPrefix: publisherInbox(token) },
    ...{ reconnectTimeWait: 50, timeout: 20_000 },
    ...options,
  });
