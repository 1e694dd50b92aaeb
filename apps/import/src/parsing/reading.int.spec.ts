import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

type Create = NonNullable<Parameters<ImportSystem['imported']>[2]>;

/** Rows of a file as they are stored afterwards, without `_id`. */
async function storedOf(file: Uint8Array | string, request: Create, schema?: Record<string, unknown>) {
  const name = await system.dataset(schema && { schema });
  const done = await system.imported(name, typeof file === 'string' ? Buffer.from(file) : file, request);
  expect(done).toMatchObject({ state: 'completed', counts: { rejected: 0 } });
  return (await system.collection(name))
    .find({}, { projection: { _id: 0 } })
    .sort({ _id: 1 })
    .toArray();
}

describe('an upload', () => {
  it.each([
    ['identity', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('may be encoded as %s', async (contentEncoding, pack) => {
    const name = await system.dataset();
    const packed = pack(ndjson(5000));

    const done = await system.imported(name, packed, { contentEncoding });

    expect(done).toMatchObject({
      state: 'completed',
      counts: counts({ read: 5000, inserted: 5000 }),
      bytes: { received: packed.length, processed: packed.length },
    });
    expect(await system.count(name)).toBe(5000);
  });

  it.each(['br', 'zstd'] as const)('that is not what it says fails: %s', async (contentEncoding) => {
    const done = await system.imported(await system.dataset(), ndjson(100), { contentEncoding });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
  });

  it('may be UTF-16 of either order, with its byte order mark, over many chunks', async () => {
    const rows = Array.from({ length: 3000 }, (_, n) => ({ name: `Zoë 😀 ${n}` }));
    const little = Buffer.from(`\ufeffname\r\n${rows.map(({ name }) => name).join('\r\n')}`, 'utf16le');

    expect(await storedOf(little, { format: 'csv' })).toEqual(rows);
    expect(await storedOf(Buffer.from(little).swap16(), { format: 'csv' })).toEqual(rows);
  });
});

describe('options of CSV', () => {
  it('types=lossless makes numbers of what survives it', async () => {
    expect(await storedOf('a,b,c\n007,5,1.50\n', { format: 'csv', options: { types: 'lossless' } })).toEqual([
      { a: '007', b: 5, c: '1.50' },
    ]);
  });

  it('types=header takes the types from the names', async () => {
    const file = 'n.int32()\tok.boolean()\tt.string()\n5\ttrue\t5\n';

    expect(await storedOf(file, { format: 'tsv', options: { types: 'header' } })).toEqual([{ n: 5, ok: true, t: '5' }]);
  });

  it('describe a dialect, which is stored with the import', async () => {
    const options: Create['options'] = {
      'csv.delimiter': ';',
      'csv.quote': "'",
      'csv.header': false,
      'csv.columns': ['a', 'b', 'c'],
      'csv.nullText': 'NULL',
      'csv.empty': 'absent',
    };
    const name = await system.dataset();

    const { id } = await system.imported(name, Buffer.from("'x;\n''y';NULL;\n1;'NULL';''\n"), {
      format: 'csv',
      options,
    });

    const stored = (await system.collection(name)).find({}, { projection: { _id: 0 } }).sort({ _id: 1 });
    expect(await stored.toArray()).toEqual([
      { a: "x;\n'y", b: null },
      { a: '1', b: 'NULL', c: '' },
    ]);
    expect(JSON.parse((await system.stored(id)).readingText ?? '')).toEqual({
      csv: {
        delimiter: ';',
        quote: "'",
        header: false,
        columns: ['a', 'b', 'c'],
        nullText: 'NULL',
        emptyAs: 'absent',
      },
      maxChunkRows: 1_000,
    });
  });

  it('that contradict each other are refused before there is an import', async () => {
    const name = await system.dataset();

    await expect(system.create(name, { format: 'csv', options: { 'csv.header': false } })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'csv.columns' }],
    });
    expect(await system.mongodb.db('import').collection('imports').countDocuments({ dataset: name })).toBe(0);
  });
});

describe('JSON', () => {
  it('may be one object, whose brackets and lines are its own', async () => {
    const file = '{\n  "a": [1, {"b": "}\\n"}],\n  "c": null\n}\n';

    expect(await storedOf(file, { format: 'json' })).toEqual([{ a: [1, { b: '}\n' }], c: null }]);
  });

  it('holds no Extended JSON with ejson=off: its wrappers are names that begin with $', async () => {
    const name = await system.dataset();
    const file = Buffer.from('{"n":1}\n{"at":{"$date":"2026-01-02T03:04:05Z"}}\n');

    const done = await system.imported(name, file, { options: { ejson: 'off' } });
    const relaxed = await system.imported(name, file, { options: { ejson: 'relaxed' } });
    const canonical = await system.imported(name, file, { options: { ejson: 'canonical' } });

    expect(done.counts).toEqual(counts({ read: 2, inserted: 1, rejected: 1 }));
    expect((await system.rejects(done.id)).map(({ code }) => code)).toEqual(['INVALID_FIELD_NAME']);
    for (const read of [relaxed, canonical]) expect(read.counts).toEqual(counts({ read: 2, inserted: 2 }));
    expect(await (await system.collection(name)).countDocuments({ at: new Date('2026-01-02T03:04:05Z') })).toBe(2);
  });

  it('is checked by a schema that speaks of a Decimal128 as text, and by one that speaks of a number', async () => {
    const schemaOf = (type: string) => ({ type: 'object', properties: { price: { type, format: 'decimal' } } });
    const file = '{"price":{"$numberDecimal":"1.10"}}\n';

    for (const type of ['string', 'number']) {
      const [row] = await storedOf(file, {}, schemaOf(type));
      expect(String(row?.['price'])).toBe('1.10');
    }
  });
});
