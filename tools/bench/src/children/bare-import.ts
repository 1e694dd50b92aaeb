// What a team writes without Keyport: NDJSON over HTTP into a collection, no token, no checks, no ledger. It knows its
// data, so the one date is revived by name; a JSON.parse reviver would cost it more than the parsing itself.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MongoClient, type Collection, type Document } from 'mongodb';

const batchRows = 1000;
const maxInFlight = 4;

const { MONGODB_URL = '', BARE_DATABASE } = process.env;
// The same durability as Keyport's own writes.
const client = new MongoClient(MONGODB_URL, { writeConcern: { w: 'majority', journal: true } });
const database = client.db(BARE_DATABASE);

function parse(line: string): Document {
  const row = JSON.parse(line) as Document;
  const { $date } = (row.placedAt ?? {}) as { $date?: string };
  if ($date !== undefined) row.placedAt = new Date($date);
  return row;
}

async function insertAll(request: IncomingMessage, collection: Collection): Promise<number> {
  const inFlight = new Set<Promise<void>>();
  let [inserted, rest, batch] = [0, '', [] as Document[]];
  const flush = async () => {
    if (inFlight.size === maxInFlight) await Promise.race(inFlight);
    const insert = collection.insertMany(batch).then(({ insertedCount }) => {
      inserted += insertedCount;
      inFlight.delete(insert);
    });
    inFlight.add(insert);
    batch = [];
  };
  for await (const text of request.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (batch.push(parse(line)) === batchRows) await flush();
    }
  }
  if (rest !== '') batch.push(parse(rest));
  if (batch.length > 0) await flush();
  await Promise.all(inFlight);
  return inserted;
}

const server = createServer((request, response) => {
  insertAll(request, database.collection((request.url ?? '/').slice(1))).then(
    (inserted) => response.end(JSON.stringify({ inserted })),
    (error: Error) => response.writeHead(500).end(error.message),
  );
});
process.once('disconnect', () => process.exit());
await client.connect();
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
