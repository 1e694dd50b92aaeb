import { cloudEvent, streams } from '@keyport/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { z } from 'zod';

const toldEvent = cloudEvent.extend({ subject: z.string(), data: z.record(z.string(), z.unknown()) });
export type ToldEvent = z.output<typeof toldEvent>;

const atOnce = 200;

/** All that the stack told the world, in its order; what came again under the same id is left out, as a listener does. */
export async function toldEvents(natsUrl: string): Promise<ToldEvent[]> {
  const { username, password, host } = new URL(natsUrl);
  const bus = await connect({ servers: host, user: username, pass: decodeURIComponent(password) });
  try {
    const manager = await jetstreamManager(bus, { checkAPI: false });
    const { name } = streams.events;
    const { state } = await manager.streams.info(name);
    const events = new Map<string, ToldEvent>();
    for (let from = state.first_seq; from <= state.last_seq; from += atOnce) {
      const sequences = Array.from({ length: Math.min(atOnce, state.last_seq - from + 1) }, (_, index) => from + index);
      const messages = await Promise.all(sequences.map((seq) => manager.streams.getMessage(name, { seq })));
      for (const message of messages) {
        if (!message) throw new Error('the stream of events has a gap');
        const event = toldEvent.parse(message.json());
        const id = `${event.source} ${event.id}`;
        if (!events.has(id)) events.set(id, event);
      }
    }
    return [...events.values()];
  } finally {
    await bus.close();
  }
}
