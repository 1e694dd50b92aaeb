import { createReadStream } from 'node:fs';
import { crc32 } from 'node:zlib';
import { answer } from './answer.ts';
import { CsvOrders } from './csv-orders.ts';
import type { FileTarget, HttpTarget } from './http-target.ts';
import { openResponse } from './open-response.ts';
import { RowDigest } from './row-digest.ts';

export interface RowsToDigest {
  readonly source: HttpTarget | FileTarget | { readonly file: string };
  readonly format: 'ndjson' | 'csv';
}

export interface DigestedRows {
  readonly rows: number;
  /** Of the rows in any order, see RowDigest. */
  readonly digest: number;
  /** Of all bytes. */
  readonly crc: number;
}

interface RowReader {
  take(text: string): void;
  end(): void;
}

const readers = {
  ndjson: (digest: RowDigest): RowReader => {
    let rest = '';
    return {
      take: (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) digest.add(line);
      },
      end: () => {
        if (rest !== '') throw new Error('the last row does not end with a newline');
      },
    };
  },
  csv: (digest: RowDigest): RowReader => {
    const orders = new CsvOrders();
    return {
      take: (text) => orders.take(text, (document) => digest.add(JSON.stringify(document))),
      end: () => orders.end(),
    };
  },
};

answer<RowsToDigest, DigestedRows>(async ({ source, format }) => {
  const stream = 'file' in source ? createReadStream(source.file) : await openResponse(source);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const digest = new RowDigest();
  const reader = readers[format](digest);
  let crc = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    crc = crc32(chunk, crc);
    reader.take(decoder.decode(chunk, { stream: true }));
  }
  reader.end();
  return { rows: digest.rows, digest: digest.sum, crc };
});
