// What both bare imports share: a file over HTTP into a collection, in batches, some of them in flight.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MongoClient, type Collection, type Document } from 'mongodb';

const batchRows = 1000;
const maxInFlight = 4;

/** Turns the text of one file, however it is cut, into rows. */
export interface RowParser {
  parse(text: string, add: (row: Document) => void): void;
  /** What stood behind the last line break. */
  end(add: (row: Document) => void): void;
}

async function insertAll(request: IncomingMessage, collection: Collection, parser: RowParser): Promise<number> {
  const inFlight = new Set<Promise<void>>();
  let [inserted, rows] = [0, [] as Document[]];
  const add = (row: Document) => void rows.push(row);
  const insert = async (batch: Document[]) => {
    if (inFlight.size === maxInFlight) await Promise.race(inFlight);
    const one = collection.insertMany(batch).then(({ insertedCount }) => {
      inserted += insertedCount;
      inFlight.delete(one);
    });
    inFlight.add(one);
  };
  for await (const text of request.setEncoding('utf8') as AsyncIterable<string>) {
    parser.parse(text, add);
    if (rows.length < batchRows) continue;
    let from = 0;
    for (; rows.length - from >= batchRows; from += batchRows) await insert(rows.slice(from, from + batchRows));
    rows = rows.slice(from);
  }
  parser.end(add);
  if (rows.length > 0) await insert(rows);
  await Promise.all(inFlight);
  return inserted;
}

/** Listens on a free port, tells it the parent, and serves until that is gone. */
export async function serveInserts(parserOfFile: () => RowParser): Promise<void> {
  const { MONGODB_URL = '', BARE_DATABASE } = process.env;
  // The same durability as Keyport's own writes.
  const client = new MongoClient(MONGODB_URL, { writeConcern: { w: 'majority', journal: true } });
  const database = client.db(BARE_DATABASE);
  const server = createServer((request, response) => {
    insertAll(request, database.collection((request.url ?? '/').slice(1)), parserOfFile()).then(
      (inserted) => response.end(JSON.stringify({ inserted })),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  // A file of gigabytes takes longer than Node's default of five minutes.
  server.requestTimeout = 0;
  process.once('disconnect', () => process.exit());
  await client.connect();
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
}
