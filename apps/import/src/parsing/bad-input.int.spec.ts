import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RejectedRow } from '@keyport/contracts';
import type { ServiceProcess } from '@keyport/testing';
import { counts, ndjson } from '../harness/rows.ts';
import { ImportSystem } from '../harness/import-system.ts';

let system: ImportSystem;
let service: ServiceProcess;

beforeAll(async () => {
  system = await ImportSystem.start();
  service = await system.startImport();
});

afterAll(() => system.stop());

type Create = NonNullable<Parameters<ImportSystem['imported']>[2]>;

async function imported(text: string, request: Create = {}, dataset?: Parameters<ImportSystem['dataset']>[0]) {
  const name = await system.dataset(dataset);
  const done = await system.imported(name, Buffer.from(text), request);
  const rejects = await system.rejects(done.id);
  return { name, done, rejects, stored: await storedIn(name) };
}

/** Values keep their types. */
async function storedIn(name: string) {
  const options = { sort: { _id: 1 }, promoteValues: false, promoteLongs: false } as const;
  return (await system.collection(name)).find({}, options).toArray();
}

const textOf = (rejects: readonly RejectedRow[]) =>
  rejects.map(({ row, code, path }) => [row, code, path ?? ''].join(' '));
const text = JSON.stringify;

describe('rows that no record can be made of', () => {
  it.each([
    ['ndjson', `{"n":1}\n{"v":${'['.repeat(10_000)}${']'.repeat(10_000)}}\n{"n":3}\n`],
    ['ndjson', `{"n":1}\n${'{"v":'.repeat(10_000)}1${'}'.repeat(10_000)}\n{"n":3}\n`],
    ['json', `[{"n":1},\n${'{"v":'.repeat(10_000)}1${'}'.repeat(10_000)},\n{"n":3}]`],
    ['ndjson', `{"n":1}\n${'{"v":'.repeat(10_000)}\n{"n":3}\n`],
  ] as const)('nested 10,000 deep are rejected alone: %s', async (format, file) => {
    const { done, rejects, stored } = await imported(file, { format });

    expect(done.counts).toEqual(counts({ read: 3, inserted: 2, rejected: 1 }));
    expect(rejects).toMatchObject([{ row: 2, line: 2, code: 'NESTED_TOO_DEEP', rawComplete: false }]);
    expect(rejects[0]!.path!.length).toBeLessThan(300);
    expect(stored).toHaveLength(2);
  });

  it('of 100,000 fields or cells are rejected alone', async () => {
    const wide = `{${Array.from({ length: 100_000 }, (_, n) => `"f${n}":${n}`).join()}}`;

    const json = await imported(`{"n":1}\n${wide}\n{"n":3}\n`);
    const csv = await imported(`n\n1\n${'x,'.repeat(100_000)}\n3\n`, { format: 'csv' });

    expect(textOf(json.rejects)).toEqual(['2 TOO_MANY_COLUMNS f10000']);
    expect(textOf(csv.rejects)).toEqual(['2 RAGGED_ROW ']);
    expect([json.stored.length, csv.stored.length]).toEqual([2, 2]);
  });

  it('have names that mean something to MongoDB, or nothing at all', async () => {
    const names = ['$where', 'a.b', '$set', '.', 'a.', '\0', 'a\0b', '$'];
    const nested = names.map((name) => text({ n: 1, v: [{ [name]: 1 }] }));
    const flat = names.map((name) => text({ [name]: 1 }));

    const { done, rejects } = await imported([...flat, ...nested, '{"":1,"$oid":"x"}', '{"n":2}'].join('\n'));

    expect(done.counts).toMatchObject({ read: 18, inserted: 1, rejected: 17 });
    expect(new Set(rejects.map(({ code }) => code))).toEqual(new Set(['INVALID_FIELD_NAME']));
    expect(rejects[8]).toMatchObject({ path: 'v.0', value: '$where' });
  });

  it('hold numbers that fit no type, dates that are none, and halves of characters', async () => {
    const bad = [
      ['{"v":1e999}', 'NUMBER_OUT_OF_RANGE v'],
      ['{"v":-1e999}', 'NUMBER_OUT_OF_RANGE v'],
      ['{"v":9223372036854775808}', 'NUMBER_OUT_OF_RANGE v'],
      ['{"v":-9223372036854775809}', 'NUMBER_OUT_OF_RANGE v'],
      [`{"v":${'9'.repeat(50_000)}}`, 'NUMBER_OUT_OF_RANGE v'],
      ['{"v":{"$numberLong":"9223372036854775808"}}', 'INVALID_EXTENDED_JSON v'],
      ['{"v":{"$numberDecimal":"1E+7000"}}', 'INVALID_EXTENDED_JSON v'],
      ['{"v":{"$date":"2026-02-30T00:00:00Z"}}', 'INVALID_EXTENDED_JSON v'],
      ['{"v":{"$date":{"$numberLong":"9223372036854775808"}}}', 'INVALID_EXTENDED_JSON v'],
      ['{"at":"2026-13-01T00:00:00Z"}', 'TYPE_MISMATCH at'],
      ['{"at":"+275760-09-13T00:00:00.001Z"}', 'TYPE_MISMATCH at'],
      ['{"v":"\\ud83d"}', 'LONE_SURROGATE v'],
      ['{"\\udc00":1}', 'LONE_SURROGATE \ufffd'],
      ['{"v":1}\0', 'MALFORMED_JSON '],
      ['{"v":"\0"}', 'MALFORMED_JSON '],
    ];
    const schema = { type: 'object', properties: { at: { type: 'string', format: 'date-time' } } };

    const { done, rejects } = await imported([...bad.map(([row]) => row), '{"n":1}'].join('\n'), {}, { schema });

    expect(done.counts).toMatchObject({ read: bad.length + 1, inserted: 1 });
    expect(textOf(rejects).map((line) => line.replace(/^\d+ /, ''))).toEqual(bad.map(([, said]) => said));
  });
});

describe('what looks bad and is not', () => {
  it('is stored as it is: __proto__, NUL in texts, the largest numbers', async () => {
    const rows = [
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}',
      '{"v":"a\\u0000b"}',
      '{"v":9223372036854775807}',
      '{"v":-9223372036854775808}',
      '{"v":1.7976931348623157e308}',
    ];

    const { done, stored } = await imported(rows.join('\n'));

    expect(done.counts).toMatchObject({ read: 5, inserted: 5 });
    expect(Object.keys(stored[0]!)).toEqual(['_id', '__proto__', 'constructor']);
    expect(stored.slice(1).map(({ v }) => String(v))).toEqual([
      ...['a\0b', '9223372036854775807', '-9223372036854775808', '1.7976931348623157e+308'],
    ]);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('is a column called __proto__, and one called so inside another', async () => {
    const { done, stored } = await imported('__proto__,a.__proto__.b,constructor\nx,y,z\n', { format: 'csv' });

    expect(done.counts).toMatchObject({ read: 1, inserted: 1 });
    const row = new Map(Object.entries(stored[0]!));
    expect([row.get('__proto__'), row.get('constructor')]).toEqual(['x', 'z']);
    expect(Object.keys(row.get('a') as object)).toEqual(['__proto__']);
  });
});

describe('a header that is none', () => {
  it.each([
    ['doubled names', 'a,b,a\n1,2,3\n', '"a" occurs twice'],
    ['an empty name', 'a,,b\n1,2,3\n', 'column 2 has no name'],
    ['a name and what lies in it', 'a,a.b\n1,2\n', 'exclude each other'],
    ['$where', 'a,$where\n1,2\n', 'begins with $'],
    ['a NUL', 'a,b\0c\n1,2\n', 'holds a NUL'],
    ['an empty part of a name', 'a..b\n1\n', 'empty part'],
    ['100,000 columns', `${Array.from({ length: 100_000 }, (_, n) => `c${n}`).join()}\n1\n`, 'more than 10000'],
    ['10,000 levels', `${Array.from({ length: 10_000 }, () => 'a').join('.')}\n1\n`, 'nested deeper than 100'],
    ['open quotes', 'a,"b\n1,2\n', 'quotes'],
  ])('with %s ends the import, and nothing is stored', async (_what, file, reason) => {
    const { done, stored } = await imported(file, { format: 'csv' });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'BAD_HEADER' }, counts: counts({}) });
    expect(done.error?.detail).toContain(reason);
    expect(stored).toEqual([]);
  });
});

describe('the same _id twice', () => {
  it.each([
    ['inside a chunk', 3, 2],
    ['across chunks', 2_500, 2_400],
  ])('%s keeps the first row with insert, and the last with the other modes', async (_where, count, apart) => {
    const first = count - apart;
    const rows = Array.from({ length: count }, (_, n) => text({ _id: n === count - 1 ? first - 1 : n, n })).join('\n');

    const insert = await imported(rows);
    const upsert = await imported(rows, { options: { mode: 'upsert' } });

    expect(insert.done.counts).toEqual(counts({ read: count, inserted: count - 1, rejected: 1 }));
    expect(insert.rejects).toMatchObject([
      { row: count, code: 'DUPLICATE_KEY', path: '_id', value: String(first - 1) },
    ]);
    expect(upsert.done.counts).toEqual(counts({ read: count, inserted: count - 1, updated: 1 }));
    const find = async (name: string) => (await system.collection(name)).findOne({ _id: (first - 1) as never });
    expect(await find(insert.name)).toMatchObject({ n: first - 1 });
    expect(await find(upsert.name)).toMatchObject({ n: count - 1 });
  });

  it('as stored data is rejected with insert, whatever number type it has', async () => {
    const { name } = await imported('{"_id":1,"n":"first"}\n');

    const done = await system.imported(name, Buffer.from('{"_id":1.0,"n":"second"}\n{"_id":"1","n":"text"}\n'));

    expect(done.counts).toEqual(counts({ read: 2, inserted: 1, rejected: 1 }));
    expect(textOf(await system.rejects(done.id))).toEqual(['1 DUPLICATE_KEY _id']);
  });
});

describe('a key field', () => {
  it('that is missing, or of a type that identifies nothing, rejects the row; another type is another key', async () => {
    const rows = [
      '{"k":1}',
      '{"x":1}',
      '{"k":null}',
      '{"k":[1]}',
      '{"k":"1"}',
      '{"k":{"$undefined":true}}',
      '{"k":1.0}',
    ];

    const { done, rejects } = await imported(rows.join('\n'), { options: { mode: 'upsert' } }, { key: ['k'] });

    expect(textOf(rejects)).toEqual(['2 MISSING_KEY k', '4 KEY_TYPE k', '6 KEY_TYPE k']);
    expect(done.counts).toMatchObject({ read: 7, inserted: 3, rejected: 3 });
  });
});

describe('a compressed file that ends early', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const)('fails, and what was read before is stored and counted: %s', async (contentEncoding, pack) => {
    const name = await system.dataset();
    const rows = Buffer.from(Array.from({ length: 20_000 }, (_, n) => text({ n, t: Math.sin(n) })).join('\n'));
    const whole = pack(rows);

    const done = await system.imported(name, whole.subarray(0, whole.length - 500), { contentEncoding });

    expect(done).toMatchObject({ state: 'failed', error: { code: 'DECOMPRESSION_FAILED' } });
    const { read, inserted } = done.counts;
    expect([read, inserted]).toEqual([await system.count(name), read]);
    expect(read % 1000).toBe(0);
  });
});

describe('options', () => {
  it.each<[Create['format'], Create['options'], string]>([
    ['csv', { 'csv.header': false }, 'csv.columns'],
    ['csv', { 'csv.delimiter': '"' }, 'csv.delimiter'],
    ['csv', { 'csv.delimiter': '\n' }, 'csv.delimiter'],
    ['csv', { 'csv.header': false, 'csv.columns': ['a', 'a'] }, 'csv.columns'],
    ['csv', { 'csv.columns': ['a', 'a.b'] }, 'csv.columns'],
    ['csv', { 'csv.columns': ['a'], 'csv.ignore': ['b'] }, 'csv.columns'],
    ['csv', { 'csv.nullText': 'a,b' }, 'csv.nullText'],
    ['csv', { types: 'header', 'csv.columns': ['a'] }, 'csv.columns'],
    ['csv', { ejson: 'off' }, 'ejson'],
    ['ndjson', { types: 'lossless' }, 'types'],
    ['json', { 'csv.ignore': ['_error'] }, 'csv.ignore'],
  ])(
    'that contradict the format or each other are refused before there is an import: %s %j',
    async (format, options, path) => {
      const name = await system.dataset();

      await expect(system.create(name, { format, options })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        errors: [{ path }],
      });
      expect(await system.mongodb.db('import').collection('imports').countDocuments({ dataset: name })).toBe(0);
    },
  );
});

describe('the process', () => {
  it('lived through all of it, and goes on importing', async () => {
    const done = await system.imported(await system.dataset(), ndjson(1_000));

    expect(done.counts).toEqual(counts({ read: 1_000, inserted: 1_000 }));
    // Asks whether it is there, and sends nothing.
    expect(process.kill(service.pid, 0)).toBe(true);
  });
});
