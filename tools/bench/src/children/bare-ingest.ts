// What a team writes without Keyport: a consumer of a stream that writes events with bulkWrite, no checks, no memory of
// which event was written. A kill between writing and acknowledging writes again.
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { MongoClient, type Document } from 'mongodb';
import { answer } from './answer.ts';

export interface BareIngest {
  readonly servers: string;
  readonly user: string;
  readonly pass: string;
  readonly subject: string;
  readonly stream: string;
  readonly mongodbUrl: string;
  readonly database: string;
  readonly collection: string;
  readonly events: number;
}

const together = 1_000;

answer<BareIngest, { readonly written: number }>(async (ask) => {
  const client = new MongoClient(ask.mongodbUrl, { writeConcern: { w: 'majority', journal: true } });
  const collection = (await client.connect()).db(ask.database).collection(ask.collection);
  const bus = await connect({
    servers: ask.servers,
    user: ask.user,
    pass: ask.pass,
    inboxPrefix: '_INBOX.admin-import',
  });
  const manager = await jetstreamManager(bus);
  await manager.consumers.add(ask.stream, {
    durable_name: 'bare',
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 4 * together,
  });
  const consumer = await jetstream(bus).consumers.get(ask.stream, 'bare');
  let written = 0;
  while (written < ask.events) {
    const messages = [];
    for await (const message of await consumer.fetch({ max_messages: together, expires: 1_000 }))
      messages.push(message);
    if (messages.length === 0) continue;
    const writes = messages.map((message) => {
      const { data } = message.json<{ data: Document }>();
      const { $date } = data.placedAt as { $date: string };
      return {
        replaceOne: {
          filter: { orderId: data.orderId as string },
          replacement: { ...data, placedAt: new Date($date) },
          upsert: true,
        },
      };
    });
    await collection.bulkWrite(writes, { ordered: false });
    for (const message of messages) message.ack();
    written += messages.length;
  }
  await bus.close();
  await client.close();
  return { written };
});
