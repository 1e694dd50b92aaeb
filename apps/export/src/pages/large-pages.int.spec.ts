import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { putDataset } from '@keyport/contracts';
import { ExportSystem } from '../harness/export-system.ts';
import { readPackedPages } from '../harness/read-pages.ts';

let system: ExportSystem;
const text = (seed: number, length: number) =>
  Array.from({ length: Math.ceil(length / 7) }, (_, at) => `${seed}.${at};`)
    .join('')
    .slice(0, length);
const rows = [
  ...Array.from({ length: 6 }, (_, n) => ({ _id: `a${n}${text(n, 70_000)}`, n: text(n, 80_000) })),
  ...Array.from({ length: 40 }, (_, n) => ({ _id: `b${String(n).padStart(2, '0')}`, n: text(n, 64_000 + n * 130) })),
  { _id: 'c1', n: text(1, 9_000_000) },
  { _id: 'c2', n: text(2, 70_000) },
  { _id: 'c3', n: 'x' },
];
const all = { sub: 'all', scope: '*' };

beforeAll(async () => {
  system = await ExportSystem.start();
  await system.servers.service('records');
  await system.startExport();
  await system.ask(putDataset, { name: 'large' }, all);
  const collections = system.mongodb.useDb('records');
  const definition = await collections.collection('datasets').findOne({ _id: 'large' as never });
  await collections.collection(String(definition?.['collectionName'])).insertMany(rows as never);
});

afterAll(() => system.stop());

/** Megabytes of text are not compared by a diff. */
const digestOf = (text: string) => hash('sha256', text);
const expected = rows.map((row) => digestOf(JSON.stringify(row)));
const textOf = (bytes: Buffer, compression: 'none' | 'gzip') =>
  String(compression === 'gzip' ? gunzipSync(bytes) : bytes);
const digestsOf = (ndjson: string) => ndjson.trimEnd().split('\n').map(digestOf);

describe.each(['none', 'gzip'] as const)(
  'large records, with cursors larger than what is copied out of a reply: %s',
  (compression) => {
    it('are whole in pages of NDJSON', async () => {
      const bytes = Buffer.concat(
        await readPackedPages(system.gateway, all, 'large', { format: 'ndjson', compression }),
      );

      expect(digestsOf(textOf(bytes, compression))).toEqual(expected);
    });

    it('are whole in pages of JSON', async () => {
      const bytes = Buffer.concat(await readPackedPages(system.gateway, all, 'large', { format: 'json', compression }));

      const records = JSON.parse(textOf(bytes, compression)) as unknown[];
      expect(records.map((record) => digestOf(JSON.stringify(record)))).toEqual(expected);
    });

    it('are whole in a file', async () => {
      const done = await system.completed(await system.create('large', { format: 'ndjson', compression }, all), all);

      expect(digestsOf(textOf(await system.download(done.id, all), compression))).toEqual(expected);
    });
  },
);
