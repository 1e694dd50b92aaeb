// A collection as JSON lines. Lines are joined to pieces before they are written, which makes this script faster than one
// write a line.
import type { Collection } from 'mongodb';
import { serveExports } from './export-server.ts';

const pieceLength = 64 * 1024;

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

await serveExports('application/x-ndjson', ndjson);
