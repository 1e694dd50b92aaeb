import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

const bytesOf = (text: string) => Buffer.from(text);

describe('each format', () => {
  const schema = {
    type: 'object',
    properties: {
      code: { type: 'string' },
      qty: { type: 'integer', minimum: 1 },
      at: { type: 'string', format: 'date-time' },
    },
    required: ['code'],
  };

  it('CSV takes its types from the schema, and names a ragged row and a wrong value by their lines', async () => {
    const name = await system.dataset({ schema, key: ['code'] });
    const file = bytesOf('code,qty,at\r\n007,3,2026-01-02T03:04:05Z\r\n"a\n""b""",4,\r\nx,1\r\ny,0,\r\nz,many,\r\n');

    const done = await system.imported(name, file, { format: 'csv' });

    expect(done.counts).toEqual(counts({ read: 5, inserted: 2, rejected: 3 }));
    const stored = (await system.collection(name)).find({}, { projection: { _id: 0 } }).sort({ code: 1 });
    expect(await stored.toArray()).toMatchObject([
      { code: '007', qty: 3, at: new Date('2026-01-02T03:04:05Z') },
      { code: 'a\n"b"', qty: 4 },
    ]);
    expect((await system.rejects(done.id)).map(({ line, code }) => [line, code])).toEqual([
      [5, 'RAGGED_ROW'],
      [6, 'SCHEMA_VIOLATION'],
      [7, 'TYPE_MISMATCH'],
    ]);
  });

  it('JSON keeps the rows before an array that breaks off', async () => {
    const name = await system.dataset();
    const rows = ndjson(3000).toString().trimEnd().split('\n').join(',\n');

    const whole = await system.imported(name, bytesOf(`[${rows}]`), { format: 'json' });
    const broken = await system.imported(name, bytesOf(`[${rows},`), { format: 'json' });

    expect(whole).toMatchObject({ state: 'completed', counts: counts({ read: 3000, inserted: 3000 }) });
    expect(broken).toMatchObject({ state: 'failed', error: { code: 'TRUNCATED_ARRAY' } });
    expect(broken.counts).toEqual(counts({ read: 3000, inserted: 3000 }));
    expect(await system.count(name)).toBe(6000);
  });

  it('a single line of 100 MB is one rejected row', async () => {
    const name = await system.dataset();
    const line = Buffer.concat([bytesOf('{"text":"'), Buffer.alloc(100 * 1024 * 1024, 'x'), bytesOf('"}\n{"n":1}\n')]);

    const done = await system.imported(name, line);

    expect(done).toMatchObject({ state: 'completed', counts: counts({ read: 2, inserted: 1, rejected: 1 }) });
    expect(await system.rejects(done.id)).toEqual([
      expect.objectContaining({ row: 1, line: 1, code: 'ROW_TOO_LARGE' }),
    ]);
  });
});

describe('a compressed import', () => {
  it('is unpacked as it comes', async () => {
    const name = await system.dataset();
    const packed = gzipSync(ndjson(30_000));

    const done = await system.imported(name, packed, { contentEncoding: 'gzip' });

    expect(done).toMatchObject({
      state: 'completed',
      counts: counts({ read: 30_000, inserted: 30_000 }),
      bytes: { received: packed.length, processed: packed.length },
    });
  });

  it('fails where it ends early, and keeps the whole chunks before', async () => {
    const name = await system.dataset();
    const random = Array.from({ length: 40_000 }, (_, n) => `{"n":${n},"r":${Math.sin(n)}}\n`).join('');
    const packed = gzipSync(random);

    const done = await system.imported(name, packed.subarray(0, packed.length / 2), { contentEncoding: 'gzip' });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
    expect(done.counts.inserted).toBeGreaterThan(5000);
    expect(done.counts.read).toBe(done.counts.inserted);
    expect(await system.count(name)).toBe(done.counts.inserted);
  });

  it('fails early where it is a bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024, 32));

    const done = await system.imported(await system.dataset(), bomb, { contentEncoding: 'gzip' });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_RATIO' } });
  });
});
