import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rowErrorCodes } from '@keyport/codec';
import type { AuthorizationDetail, ImportOptions } from '@keyport/contracts';
import type { Who } from '@keyport/testing';
import { ImportSystem, owner } from '../harness/import-system.ts';
import { counts } from '../harness/rows.ts';
import { maxRawBytes } from './reject-details.ts';

let system: ImportSystem;

beforeAll(async () => {
  system = await ImportSystem.start();
  await system.startImport();
});

afterAll(() => system.stop());

interface Case {
  readonly code: string;
  /** Between two good rows. */
  readonly row: string;
  readonly path?: string;
  readonly value?: string;
  readonly dataset?: Parameters<ImportSystem['dataset']>[0];
  readonly options?: { mode: ImportOptions['mode'] };
  readonly who?: Who;
}

const limited = (limit: Partial<AuthorizationDetail>): Who => ({
  ...{ sub: 'limited', scope: 'imports:create:*' },
  authorization_details: [{ type: 'keyport_dataset', datasets: ['*'], actions: ['imports:create'], ...limit }],
});
const typed = (type: object) => ({ schema: { type: 'object', properties: { v: type } } });
const keyed = { key: ['k'] };
const deep = `${'{"v":'.repeat(101)}1${'}'.repeat(101)}`;
const wide = `{${Array.from({ length: 10_001 }, (_, n) => `"f${n}":1`).join()}}`;

const jsonCases: readonly Case[] = [
  { code: 'MALFORMED_JSON', row: '{"k":3,"v":tru}' },
  { code: 'NOT_AN_OBJECT', row: '"text"' },
  { code: 'LONE_SURROGATE', row: '{"k":3,"v":"\\ud83d"}', path: 'v', value: '\\ud83d' },
  { code: 'ROW_TOO_LARGE', row: `{"k":3,"v":"${'x'.repeat(4 * 1024 * 1024)}"}` },
  { code: 'NESTED_TOO_DEEP', row: deep, path: Array.from({ length: 100 }, () => 'v').join('.') },
  { code: 'TOO_MANY_COLUMNS', row: wide, path: 'f10000' },
  { code: 'TYPE_MISMATCH', row: '{"k":3,"v":"x"}', path: 'v', value: 'x', dataset: typed({ type: 'integer' }) },
  { code: 'NUMBER_OUT_OF_RANGE', row: '{"k":3,"v":{"w":[0,1e999]}}', path: 'v.w.1', value: '1e999' },
  { code: 'INVALID_FIELD_NAME', row: '{"k":3,"v":{"$where":1}}', path: 'v', value: '$where' },
  { code: 'DUPLICATE_FIELD', row: '{"k":3,"v":{"a":1,"a":2}}', path: 'v.a', value: 'a' },
  { code: 'INVALID_EXTENDED_JSON', row: '{"k":3,"v":{"$oid":"x"}}', path: 'v' },
  { code: 'INVALID_ID', row: '{"_id":[1],"k":3}', path: '_id' },
  {
    code: 'SCHEMA_VIOLATION',
    row: '{"k":3,"v":-5}',
    path: 'v',
    value: '-5',
    dataset: typed({ type: 'integer', minimum: 0 }),
  },
  { code: 'MISSING_KEY', row: '{"v":3}', path: 'k', dataset: keyed, options: { mode: 'upsert' } },
  { code: 'KEY_TYPE', row: '{"k":[3]}', path: 'k', value: '[3]', dataset: keyed },
  { code: 'DUPLICATE_KEY', row: '{"k":1,"v":3}', path: 'k', value: '1', dataset: keyed },
  { code: 'ROW_NOT_ALLOWED', row: '{"k":3,"v":3}', who: limited({ filter: { k: { $lt: 3 } } }) },
  {
    code: 'FIELD_NOT_ALLOWED',
    row: '{"k":2,"v":3}',
    path: 'v',
    value: '3',
    who: limited({ fields: ['_id', 'k', 'g'] }),
  },
];

const cellCases: readonly Case[] = [
  { code: 'RAGGED_ROW', row: '3' },
  { code: 'RAGGED_ROW', row: '3||x' },
  { code: 'MALFORMED_CSV', row: '3|a"b' },
  { code: 'TYPE_MISMATCH', row: '3|"a ""b"""', path: 'v', value: 'a "b"', dataset: typed({ type: 'integer' }) },
  {
    code: 'NUMBER_OUT_OF_RANGE',
    row: '3|9223372036854775808',
    path: 'v',
    value: '9223372036854775808',
    dataset: typed({ type: 'integer' }),
  },
  { code: 'SCHEMA_VIOLATION', row: '3|-5', path: 'v', value: '-5', dataset: typed({ type: 'integer', minimum: 0 }) },
  { code: 'DUPLICATE_KEY', row: '1|=1+1 ', path: 'k', value: '1', dataset: keyed },
  { code: 'ROW_TOO_LARGE', row: `3|"${'x\n'.repeat(2 * 1024 * 1024)}"` },
];

/** A file with the row between two good ones and behind an empty line: its bytes before they are packed. */
interface Form {
  readonly name: string;
  readonly format: 'ndjson' | 'json' | 'csv' | 'tsv';
  readonly contentEncoding?: 'gzip';
  readonly file: (row: string) => [before: string, row: string, after: string];
  readonly encode: (text: string) => Buffer;
}

const good = (k: number) => `{"k":${k},"g":"ä😀"}`;
const lines: Form['file'] = (row) => [`${good(1)}\n\n`, row, `\n${good(2)}\n`];
const array: Form['file'] = (row) => [`[${good(1)},\n\n`, row, `,\n${good(2)}]`];
const cells =
  (separator: string): Form['file'] =>
  (row) => [
    `k|v\n1|\n`.replaceAll('|', separator),
    row.replaceAll('|', separator),
    `\n2|\n`.replaceAll('|', separator),
  ];
const utf8 = (text: string) => Buffer.from(text);
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

const jsonForms: readonly Form[] = [
  { name: 'NDJSON', format: 'ndjson', file: lines, encode: utf8 },
  { name: 'a JSON array', format: 'json', file: array, encode: utf8 },
  { name: 'NDJSON, packed', format: 'ndjson', contentEncoding: 'gzip', file: lines, encode: utf8 },
  { name: 'NDJSON in UTF-16', format: 'ndjson', file: lines, encode: utf16 },
];
const cellForms: readonly Form[] = [
  { name: 'CSV', format: 'csv', file: cells(','), encode: utf8 },
  { name: 'TSV', format: 'tsv', file: cells('\t'), encode: utf8 },
  { name: 'CSV in UTF-16, packed', format: 'csv', contentEncoding: 'gzip', file: cells(','), encode: utf16 },
];

async function rejectOf(
  { format, contentEncoding }: Form,
  file: Buffer,
  { dataset, options, who }: Partial<Case> = {},
) {
  const name = await system.dataset(dataset);
  const bytes = contentEncoding ? gzipSync(file) : file;
  const request = { format, contentEncoding: contentEncoding ?? 'identity', options: options ?? {} } as const;
  const done = await system.ended(await system.send(name, bytes, request, who ?? owner));
  expect(done.counts).toEqual(counts({ read: 3, inserted: 2, rejected: 1 }));
  expect(await system.count(name)).toBe(2);
  const [reject] = await system.rejects(done.id);
  expect(reject?.message).toMatch(/^[A-Z$k].*\.$/s);
  return reject;
}

const everyCase = (cases: readonly Case[], forms: readonly Form[]) =>
  forms.flatMap((form) => cases.map((one) => [one.code, form.name, one, form] as const));

describe('a rejected row', () => {
  it.each([...everyCase(jsonCases, jsonForms), ...everyCase(cellCases, cellForms)])(
    'says what is wrong, where, and with what: %s in %s',
    async (_code, _name, one, form) => {
      const mark = form.encode === utf16 ? '\ufeff' : '';
      const [before, row, after] = form.file(one.row);

      const reject = await rejectOf(form, form.encode(mark + before + row + after), one);

      const { raw, ...said } = reject!;
      // Not by toEqual: it would print the whole of rows that are long.
      expect(raw === row.slice(0, maxRawBytes)).toBe(true);
      expect(said).toEqual({
        ...{
          row: 2,
          line: 3,
          byteOffset: form.encode(mark + before).length,
          code: one.code,
          message: expect.anything(),
        },
        ...(one.path !== undefined && { path: one.path }),
        ...(one.value !== undefined && { value: one.value }),
        rawComplete: row.length <= maxRawBytes,
      });
    },
  );

  it.each(['ndjson', 'csv'] as const)('INVALID_UTF8 says where in a file of %s', async (format) => {
    const [form] = format === 'csv' ? cellForms : jsonForms;
    const [before, row, after] = form!.file(format === 'csv' ? '3|\xe9' : '{"k":3,"v":"\xe9"}');
    const file = Buffer.concat([utf8(before), Buffer.from(row, 'latin1'), utf8(after)]);

    const reject = await rejectOf(form!, file);

    expect(reject).toMatchObject({ row: 2, line: 3, byteOffset: utf8(before).length, code: 'INVALID_UTF8' });
    expect(reject).toMatchObject({ raw: row.replace('\xe9', '\ufffd'), rawComplete: false });
    expect(reject?.message).toContain(`offset ${row.indexOf('\xe9')} `);
  });

  it('INVALID_UTF16 says where in a file of UTF-16', async () => {
    const [before, row, after] = cells(',')('3|\ud83d');
    const file = utf16(`\ufeff${before}${row}${after}`);

    const reject = await rejectOf(cellForms[2]!, file);

    expect(reject).toMatchObject({ row: 2, line: 3, byteOffset: utf16(`\ufeff${before}`).length, rawComplete: false });
    expect(reject).toMatchObject({ code: 'INVALID_UTF16', message: expect.stringContaining('offset 4 ') });
  });

  it('STORE_REFUSED tells what MongoDB said', async () => {
    const name = await system.dataset();
    await (await system.collection(name)).createIndex({ place: '2dsphere' });
    const row = '{"k":3,"place":{"type":"Point","coordinates":[500,500]}}';

    const { id } = await system.imported(name, utf8(lines(row).join('')));

    const place = { row: 2, line: 3, byteOffset: utf8(lines(row)[0]).length };
    expect(await system.rejects(id)).toMatchObject([{ ...place, code: 'STORE_REFUSED', raw: row, rawComplete: true }]);
  });

  it('has one of these codes, and there are no others', () => {
    const others = ['INVALID_UTF8', 'INVALID_UTF16', 'STORE_REFUSED'];
    const tested = new Set([...jsonCases, ...cellCases].map(({ code }) => code).concat(others));

    expect([...tested].sort()).toEqual(rowErrorCodes.map(({ code }) => code).sort());
  });
});
