// What a team writes without Keyport: a collection as JSON lines over HTTP. Lines are joined to pieces before they are
// written, which makes this script faster than one write a line.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MongoClient, type Collection } from 'mongodb';

const pieceLength = 64 * 1024;

const { MONGODB_URL = '', BARE_DATABASE } = process.env;
const client = new MongoClient(MONGODB_URL);
const database = client.db(BARE_DATABASE);

async function* ndjson(collection: Collection): AsyncGenerator<string> {
  let piece = '';
  for await (const row of collection.find()) {
    piece += `${JSON.stringify(row)}\n`;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

const exportAll = (collection: Collection, response: ServerResponse): Promise<void> =>
  pipeline(Readable.from(ndjson(collection)), response.setHeader('content-type', 'application/x-ndjson'));

const server = createServer((request, response) => {
  exportAll(database.collection((request.url ?? '/').slice(1)), response).catch(() => response.destroy());
});
process.once('disconnect', () => process.exit());
await client.connect();
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
