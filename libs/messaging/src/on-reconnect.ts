import type { NatsConnection } from '@nats-io/transport-node';

/** Calls back each time the lost connection is there again, until the signal aborts or the connection is closed. */
export async function onReconnect(
  connection: NatsConnection,
  signal: AbortSignal,
  callback: () => void,
): Promise<void> {
  const statuses = connection.status() as AsyncIterable<{ type: string }> & { stop?: () => void };
  const stop = () => statuses.stop?.();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const { type } of statuses) {
      if (signal.aborted) return;
      if (type === 'reconnect') callback();
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
