import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  inferDatasetSchema,
  maxSampleBytes,
  previewImport,
  type InferredSchema,
  type Preview,
  type RequestInput,
} from '@keyport/contracts';
import type { Who } from '@keyport/testing';
import { ImportSystem } from '../harness/import-system.ts';
import { ndjson } from '../harness/rows.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

type Asked = Partial<RequestInput<typeof previewImport>>;

const requestOf = (dataset: string, file: Uint8Array | string, more: Asked): RequestInput<typeof previewImport> => {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file;
  const sample = bytes.subarray(0, maxSampleBytes);
  const isWhole = sample.length === bytes.length;
  return { dataset, format: 'ndjson', contentEncoding: 'identity', options: {}, sample, isWhole, ...more };
};

async function preview(dataset: string, file: Uint8Array | string, more: Asked = {}, who?: Who): Promise<Preview> {
  const { json } = await system.ask(previewImport, requestOf(dataset, file, more), who);
  return JSON.parse(Buffer.from(json).toString()) as Preview;
}

async function infer(file: Uint8Array | string, more: Asked = {}, who?: Who): Promise<InferredSchema> {
  const { json } = await system.ask(inferDatasetSchema, requestOf('not-there', file, more), who);
  return JSON.parse(Buffer.from(json).toString()) as InferredSchema;
}

const schema = {
  properties: {
    code: { type: 'string' },
    qty: { type: 'integer', minimum: 1 },
    at: { type: 'string', format: 'date-time' },
  },
  required: ['code'],
};

describe('a preview', () => {
  it('shows dialect, columns with their types, rows as they would be stored and the first faults', async () => {
    const name = await system.dataset({ schema, key: ['code'] });
    const file = 'code;qty;at;in.x\n007;3;2026-01-02T03:04:05Z;5\nx;0;;\ny;1\n;2;;\n';

    const shown = await preview(name, file, { format: 'csv', options: { 'csv.delimiter': ';', types: 'lossless' } });

    expect(shown).toMatchObject({
      sample: { rows: 4, rejected: 2, complete: true },
      ...{ mode: 'insert', key: ['code'], format: 'csv', charset: 'utf-8' },
      csv: {
        ...{ delimiter: ';', quote: '"', header: true, types: 'lossless' },
        columns: [
          { column: 'code', field: 'code', type: 'string' },
          { column: 'qty', field: 'qty', type: 'int' },
          { column: 'at', field: 'at', type: 'date' },
          { column: 'in.x', field: 'in.x', type: 'lossless' },
        ],
      },
    });
    expect(shown.rows[0]).toEqual({
      code: '007',
      qty: { $numberInt: '3' },
      at: { $date: { $numberLong: '1767323045000' } },
      in: { x: { $numberInt: '5' } },
    });
    expect(shown.rejects.map(({ line, code }) => [line, code])).toEqual([
      [3, 'SCHEMA_VIOLATION'],
      [4, 'RAGGED_ROW'],
    ]);
    expect(shown.fields.find(({ path }) => path === 'at')).toEqual({ path: 'at', types: ['date'], documents: 1 });
  });

  it('finds the same faults as the import that follows, and writes nothing', async () => {
    const name = await system.dataset({ schema, key: ['code'] });
    const file = '{"code":"a"}\n{"qty":1}\n{"code":"b","qty":"x"}\n{"code":["c"]}\nnot json\n{"code":"d","$x":1}\n';
    const collections = async () =>
      (await system.mongodb.db('import').collections()).map(({ collectionName }) => collectionName);
    const before = await collections();

    const shown = await preview(name, file);

    expect(await system.count(name)).toBe(0);
    expect(await system.mongodb.db('import').collection('imports').countDocuments({ dataset: name })).toBe(0);
    expect((await collections()).sort()).toEqual(before.sort());
    const done = await system.imported(name, Buffer.from(file));
    expect(shown.rejects.map(({ row, code, path }) => [row, code, path])).toEqual(
      (await system.rejects(done.id)).map(({ row, code, path }) => [row, code, path]),
    );
    expect(shown.sample).toEqual({ rows: 6, rejected: done.counts.rejected, complete: true });
  });

  it('looks at the beginning of a longer file alone, and leaves out the row that may be cut', async () => {
    const name = await system.dataset();
    const rows = ndjson(30_000);
    const array = Buffer.from(`[${rows.toString().trimEnd().replaceAll('\n', ',')}]`);

    const shown = await preview(name, rows);
    const inArray = await preview(name, array, { format: 'json' });
    const packed = await preview(name, gzipSync(rows), { contentEncoding: 'gzip' });
    const cut = await preview(name, gzipSync(rows).subarray(0, 60_000), { contentEncoding: 'gzip', isWhole: false });

    for (const { sample, rejects, fault } of [shown, inArray, packed, cut]) {
      expect({ rejects, fault, complete: sample.complete }).toEqual({ rejects: [], fault: undefined, complete: false });
      expect(sample.rows).toBeGreaterThan(1000);
      expect(sample.rows).toBeLessThanOrEqual(10_000);
    }
    expect(shown.rows).toHaveLength(20);
  });

  it('names the fault of a file that ends early, behind the rows before it', async () => {
    const name = await system.dataset();

    const shown = await preview(name, '[{"a":1},{"a":2},', { format: 'json' });

    expect(shown).toMatchObject({ sample: { rows: 2, complete: true }, fault: { code: 'TRUNCATED_ARRAY' } });
    await expect(preview(name, '')).rejects.toMatchObject({ code: 'EMPTY_FILE' });
    await expect(preview(name, 'a,a\n1,2\n', { format: 'csv' })).rejects.toMatchObject({ code: 'BAD_HEADER' });
    await expect(preview(name, 'x', { contentEncoding: 'gzip' })).rejects.toMatchObject({
      code: 'DECOMPRESSION_FAILED',
    });
  });

  it('reads UTF-16, and takes the rights of the import that it is for', async () => {
    const name = await system.dataset();
    const file = Buffer.from('\ufeffname\nZoë\n', 'utf16le');
    const asked = (scope: string, mode: 'insert' | 'delete') =>
      preview(name, '{"_id":1}', { options: { mode } }, { sub: 'someone', scope });

    expect(await preview(name, file, { format: 'csv' })).toMatchObject({
      charset: 'utf-16le',
      rows: [{ name: 'Zoë' }],
    });
    expect(await asked('imports:create:*', 'insert')).toMatchObject({ rows: [{ _id: { $numberInt: '1' } }] });
    await expect(asked('imports:create:*', 'delete')).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    await expect(asked('records:create:*', 'insert')).rejects.toMatchObject({ code: 'INSUFFICIENT_SCOPE' });
    await expect(preview('nowhere', '{}')).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});

describe('infer', () => {
  it('proposes stored types from Extended JSON, and a dataset with that schema takes the same file', async () => {
    const file = [
      { at: { $date: '2026-01-02T03:04:05Z' }, n: 1, big: { $numberLong: '9007199254740993' } },
      { at: { $date: '2026-01-02T03:04:06Z' }, n: 2, big: { $numberLong: '1' }, price: { $numberDecimal: '1.10' } },
    ]
      .map(
        (row) =>
          `${JSON.stringify({ ...row, ref: { $oid: '0102030405060708090a0b0c' }, b: { $binary: { base64: 'AA==', subType: '00' } } })}\n`,
      )
      .join('');

    const found = await infer(file);

    expect(found.sample).toEqual({ rows: 2, rejected: 0, complete: true });
    expect(found.schema).toMatchObject({
      properties: {
        at: { format: 'date-time' },
        n: { type: 'integer' },
        big: { format: 'int64' },
        price: { format: 'decimal' },
        ref: { format: 'objectid' },
        b: { contentEncoding: 'base64' },
      },
      required: expect.not.arrayContaining(['price']),
    });
    const name = await system.dataset({ schema: found.schema });
    expect((await system.imported(name, Buffer.from(file))).counts).toMatchObject({ inserted: 2, rejected: 0 });
  });

  it('takes the cells of CSV for what they are, unless types says otherwise', async () => {
    const file = 'zip,qty,at\n007,5,2026-01-02T03:04:05Z\n008,6,2026-01-03T03:04:05Z\n';

    expect((await infer(file, { format: 'csv' })).schema).toMatchObject({
      properties: { zip: { type: 'string' }, qty: { type: 'integer' }, at: { format: 'date-time' } },
    });
    expect((await infer(file, { format: 'csv', options: { types: 'string' } })).schema).toMatchObject({
      properties: { qty: { type: 'string' } },
    });
  });

  it('leaves out rows that cannot be read, and says how many; it takes the right to read the dataset', async () => {
    expect(await infer('{"a":1}\nnothing\n')).toMatchObject({ sample: { rows: 2, rejected: 1 } });
    await expect(infer('{}', {}, { sub: 'x', scope: 'datasets:read:others' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_SCOPE',
    });
  });
});
