import { hash } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Publisher, type DatasetSchemas, type PublisherOptions } from './publisher.ts';

export interface Credentials {
  /** `nats://host:port`, several joined with commas. */
  readonly url: string;
  /** Of this service, for who looks at the server's connections. */
  readonly name: string;
  /** A Keyport key (its token) with `events:publish` of the datasets. */
  readonly token: string;
}

/** Connects with a Keyport key, and goes on to reconnect until it is closed. Closing the publisher closes the connection. */
export async function connectPublisher<Schemas extends DatasetSchemas>(
  credentials: Credentials,
  options: PublisherOptions<Schemas>,
): Promise<Publisher<Schemas>> {
  const connection = await connectWithKey(credentials);
  return new Publisher(connection, options, () => connection.drain());
}

/** A connection that may publish what the key may; acknowledgements come to the one inbox that it may read. */
export const connectWithKey = ({ url, name, token }: Credentials): Promise<NatsConnection> =>
  connect({
    name,
    servers: url.split(','),
    user: name,
    pass: token,
    inboxPrefix: inboxOf(token),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    // Refused while the auth service restarts; a key that was revoked stays refused, and its events fail.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    noAsyncTraces: true,
  });

/** docs/guides/bus-credentials.md: nobody else can guess it, and nobody else may read it. */
export const inboxOf = (token: string): string => `_INBOX.${hash('sha256', token).slice(0, 32)}`;
