import { connect } from '@nats-io/transport-node';
import type { NatsAddress } from './configured-nats.ts';

const answerWithinMs = 2_000;

/** Logs in and asks JetStream for its state: a server that still recovers its streams, or has none, throws. */
export async function askJetStream({ url, user, password }: NatsAddress): Promise<void> {
  const connection = await connect({
    servers: url,
    ...(user && { user, pass: password }),
    reconnect: false,
    timeout: answerWithinMs,
  });
  try {
    const answer = await connection.request('$JS.API.INFO', '', { timeout: answerWithinMs });
    const { error } = answer.json<{ error?: { description: string } }>();
    if (error) throw new Error(error.description);
  } finally {
    await connection.close();
  }
}
