// What a team writes without Keyport: NDJSON over HTTP into a collection, no token, no checks, no ledger. It knows its
// data, so the one date is revived by name; a JSON.parse reviver would cost it more than the parsing itself.
import type { Document } from 'mongodb';
import { serveInserts, type RowParser } from './insert-server.ts';

function parseRow(line: string): Document {
  const row = JSON.parse(line) as Document;
  const { $date } = (row.placedAt ?? {}) as { $date?: string };
  if ($date !== undefined) row.placedAt = new Date($date);
  return row;
}

function ndjsonParser(): RowParser {
  let rest = '';
  return {
    parse: (text, add) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) add(parseRow(line));
    },
    end: (add) => {
      if (rest !== '') add(parseRow(rest));
    },
  };
}

await serveInserts(ndjsonParser);
