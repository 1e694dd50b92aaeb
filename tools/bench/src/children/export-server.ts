import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MongoClient, type Collection } from 'mongodb';

/** What a team writes without Keyport: a collection as text over HTTP, in the pieces that it is made in. */
export async function serveExports(type: string, textOf: (collection: Collection) => AsyncIterable<string>) {
  const { MONGODB_URL = '', BARE_DATABASE } = process.env;
  const client = new MongoClient(MONGODB_URL);
  const database = client.db(BARE_DATABASE);
  const server = createServer((request, response) => {
    const collection = database.collection((request.url ?? '/').slice(1));
    response.setHeader('content-type', type);
    pipeline(Readable.from(textOf(collection)), response).catch(() => response.destroy());
  });
  process.once('disconnect', () => process.exit());
  await client.connect();
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}
