import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Double, Int32, Long, ObjectId } from 'bson';
import { codesOf, idPrefix, read, readValues } from '../testing/read-rows.ts';

describe('what a row message advises', () => {
  const messageOf = (text: string | Uint8Array, format: 'ndjson' | 'json' = 'ndjson') =>
    read(text, { format }).rejected[0]?.message;

  it('is to name the encoding of a compressed file', () => {
    expect(messageOf(gzipSync('{"a":1}\n'))).toBe('The file looks gzip-compressed: send Content-Encoding: gzip.');
  });

  it.each(['[{"a":1},{"a":2}]', '[\n{"a":1}\n]'])('is to send the array %j as what it is', (text) => {
    expect(messageOf(text)).toMatch(/begins an array: send a JSON array as application\/json\.$/);
    expect(messageOf('[[1]]', 'json')).toBe('A row must be a JSON object.');
  });

  it('is to keep the line breaks where an object follows another on the same line', () => {
    expect(messageOf('{"a":1}{"a":2}')).toMatch(/newlines seem to be missing: with curl use --data-binary\.$/);
    expect(messageOf('[{"a":1}{"a":2}]', 'json')).toBe('Unexpected "{" at byte 7 of the row.');
    expect(messageOf('{"a":1}]')).toBe('Unexpected "]" at byte 7 of the row.');
  });
});

describe('a row that must have an _id', () => {
  it('is refused where it has none, whatever the rows around it have', () => {
    const { documents, rejected } = read('{"_id":1}\n{"a":{"_id":2}}\n{"_id":null}\nbad\n{"a":1}', { needsId: true });

    expect(documents.map(({ _id }) => _id as unknown)).toEqual([new Int32(1), null]);
    expect(rejected.map(({ row, code, path }) => [row, code, path])).toEqual([
      [2, 'MISSING_KEY', '_id'],
      [4, 'MALFORMED_JSON', undefined],
      [5, 'MISSING_KEY', '_id'],
    ]);
  });

  it('is refused in CSV where the cell is empty or there is no such column', () => {
    const csv = { format: 'csv', needsId: true } as const;

    expect(read('_id,a\n1,x\n,y\n', csv).rejected).toMatchObject([{ row: 2, code: 'MISSING_KEY', path: '_id' }]);
    expect(codesOf('a\nx\n', csv)).toEqual(['MISSING_KEY']);
  });
});

describe('reading NDJSON', () => {
  it('makes a document of each line, whatever the line breaks, blank lines and byte order mark', () => {
    const { documents, chunks } = read('\ufeff{"a":"x"}\r\n\n  \r\n{"a":"y"}\n\t{"a":"z"}  ');

    expect(documents.map(({ a }) => a as string)).toEqual(['x', 'y', 'z']);
    expect([...chunks[0]!.rowNumbers]).toEqual([1, 2, 3]);
    expect([...chunks[0]!.lines]).toEqual([1, 4, 5]);
  });

  it('gives a row without _id an ObjectId of the prefix and its row number, as first field', () => {
    const { documents, chunks } = read('{"a":1}\n{"a":2}');

    expect(documents[1]!._id).toEqual(new ObjectId(Buffer.concat([idPrefix, Buffer.from([0, 0, 0, 2])])));
    expect(Object.keys(documents[1]!)).toEqual(['_id', 'a']);
    expect(chunks[0]!.hasOwnIds).toBe(false);
  });

  it("keeps a row's own _id and moves it to the front, whatever the rows around it have", () => {
    const text = '{"a":1,"_id":"x","b":2}\n{"_id":"y","a":1}\n{"a":3}\n{"b":{"_id":1},"_id":"z"}';
    const { documents, chunks } = read(text);

    expect(documents.map((document) => Object.keys(document))).toEqual([
      ['_id', 'a', 'b'],
      ['_id', 'a'],
      ['_id', 'a'],
      ['_id', 'b'],
    ]);
    expect(documents[2]!._id).toBeInstanceOf(ObjectId);
    expect(documents[3]).toEqual({ _id: 'z', b: { _id: new Int32(1) } });
    expect(chunks[0]!.hasOwnIds).toBe(true);
  });

  it.each([
    ['0', new Int32(0)],
    ['2147483647', new Int32(2147483647)],
    ['-2147483648', new Int32(-2147483648)],
    ['2147483648', Long.fromNumber(2147483648)],
    ['-2147483649', Long.fromNumber(-2147483649)],
    ['9007199254740993', Long.fromString('9007199254740993')],
    ['9223372036854775807', Long.MAX_VALUE],
    ['-9223372036854775808', Long.MIN_VALUE],
    ['-0', new Double(-0)],
    ['1.0', new Double(1)],
    ['1e2', new Double(100)],
    ['0.1', new Double(0.1)],
    ['-12.75', new Double(-12.75)],
    ['5e-324', new Double(5e-324)],
    ['123456789012345678.5', new Double(Number('123456789012345678.5'))],
    ['1.7976931348623157e308', new Double(Number.MAX_VALUE)],
  ])('stores the number %s without loss', (text, expected) => {
    const [document] = readValues(`{"a":${text}}`);

    expect(document!.a).toEqual(expected);
  });

  it.each(['9223372036854775808', '-9223372036854775809', '1e400', '123456789012345678901234567890'])(
    'refuses the number %s rather than rounding it',
    (text) => {
      expect(read(`{"a":{"b":[${text}]}}`).rejected).toMatchObject([
        { code: 'NUMBER_OUT_OF_RANGE', path: 'a.b.0', value: text },
      ]);
    },
  );

  it.each([
    ['{"a":1', 'MALFORMED_JSON'],
    ['{"a":1}}', 'MALFORMED_JSON'],
    ["{'a':1}", 'MALFORMED_JSON'],
    ['{"a":01}', 'MALFORMED_JSON'],
    ['{"a":1.}', 'MALFORMED_JSON'],
    ['{"a":+1}', 'MALFORMED_JSON'],
    ['{"a":NaN}', 'MALFORMED_JSON'],
    ['{"a":1,}', 'MALFORMED_JSON'],
    ['{"a":[1,]}', 'MALFORMED_JSON'],
    ['{"a":"\\x"}', 'MALFORMED_JSON'],
    ['{"a":"\\u12g4"}', 'MALFORMED_JSON'],
    ['{"a":"\t"}', 'MALFORMED_JSON'],
    ['{"a":nul}', 'MALFORMED_JSON'],
    ['\0', 'MALFORMED_JSON'],
    ['{"a":1}\0', 'MALFORMED_JSON'],
    ['nonsense', 'MALFORMED_JSON'],
    ['[1]', 'NOT_AN_OBJECT'],
    ['"a"', 'NOT_AN_OBJECT'],
    ['12', 'NOT_AN_OBJECT'],
    ['null', 'NOT_AN_OBJECT'],
    ['{"a":"\\ud800"}', 'LONE_SURROGATE'],
    ['{"a":"\\udc00x"}', 'LONE_SURROGATE'],
    ['{"a":"\\ud800\\u0041"}', 'LONE_SURROGATE'],
    ['{"a":1,"a":2}', 'DUPLICATE_FIELD'],
    ['{"a":1,"\\u0061":2}', 'DUPLICATE_FIELD'],
    ['{"b":{"a":1,"c":2,"a":3}}', 'DUPLICATE_FIELD'],
    ['{"$a":1}', 'INVALID_FIELD_NAME'],
    ['{"a":{"b":1,"$oid":2}}', 'INVALID_FIELD_NAME'],
    ['{"a.b":1}', 'INVALID_FIELD_NAME'],
    ['{"a\\u0000":1}', 'INVALID_FIELD_NAME'],
    ['{"a":{"$nonsense":1}}', 'INVALID_FIELD_NAME'],
    ['{"_id":[1]}', 'INVALID_ID'],
    ['{"_id":{"$regularExpression":{"pattern":"a","options":""}}}', 'INVALID_ID'],
  ])('refuses %j as %s and keeps the rows around it', (row, code) => {
    const { documents, rejected } = read(`{"n":1}\n${row}\n{"n":2}\n`);

    expect(rejected).toMatchObject([{ code, row: 2, line: 2, byteOffset: 8, raw: row }]);
    expect(documents.map(({ n }) => (n as Int32).value)).toEqual([1, 2]);
  });

  it('takes names that mean something to JavaScript as names', () => {
    const [document] = read('{"__proto__":{"a":1},"constructor":"x","":"empty"}').chunks;

    expect(Buffer.from(document!.documents).includes('__proto__\0')).toBe(true);
    expect(readValues('{"constructor":"x","":"empty"}')).toEqual([{ constructor: 'x', '': 'empty' }]);
  });

  it('tells the offset of the first byte that is not UTF-8', () => {
    const row = Buffer.concat([Buffer.from('{"a":"é'), Buffer.from([0xc3, 0x28]), Buffer.from('"}\n{"a":"ü"}')]);
    const { rejected, documents } = read(row);

    expect(rejected).toMatchObject([{ code: 'INVALID_UTF8', message: expect.stringContaining('offset 8 ') }]);
    expect(documents).toMatchObject([{ a: 'ü' }]);
  });

  it.each([
    ['an overlong form', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
    ['a byte beyond Unicode', [0xf5, 0x80, 0x80, 0x80]],
  ])('refuses %s in a name too', (_, bytes) => {
    const row = Buffer.concat([Buffer.from('{"'), Buffer.from(bytes), Buffer.from('":1}')]);

    expect(codesOf(row)).toEqual(['INVALID_UTF8']);
    expect(read(row).rejected[0]!.message).toContain('offset 2 ');
  });

  it('refuses what is nested deeper than the limit and takes what is just as deep', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;

    expect(codesOf(`${nested(100)}\n${nested(101)}`)).toEqual(['NESTED_TOO_DEEP']);
    expect(codesOf(`{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`)).toEqual(['NESTED_TOO_DEEP']);
  });

  it('refuses an object of too many fields and a row that is too long', () => {
    expect(codesOf('{"a":1,"b":2,"c":3}\n{"a":1,"b":2}', { maxColumns: 2 })).toEqual(['TOO_MANY_COLUMNS']);
    expect(codesOf('{"a":"12345678"}\n{"a":1}', { maxRowBytes: 10 })).toEqual(['ROW_TOO_LARGE']);
    expect(codesOf(`{"a":[${'1,'.repeat(2000)}1]}`, { maxDocumentBytes: 10_000 })).toEqual(['ROW_TOO_LARGE']);
  });

  it('cuts the text that a refused row shows, between characters', () => {
    const [first, second] = read('{"äöü\nnonsense', { maxRawBytes: 5 }).rejected;

    expect(first!.raw).toBe('{"ä');
    expect(second!.raw).toBe('nonse');
  });

  it('finds doubled names among very many, and where names never repeat', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `"n${i}":${i}`);
    const rows = Array.from({ length: 5000 }, (_, i) => `{"r${i}":{"x${i}":1,"y":2}}`);
    const text = [`{${names.join()}}`, `{${names.join()},"n17":0}`, ...rows, '{"r1":1,"r2":2,"r1":3}'].join('\n');
    const { documents, rejected } = read(text);

    expect(documents).toHaveLength(5001);
    expect(documents[5000]!.r4999).toEqual({ x4999: new Int32(1), y: new Int32(2) });
    expect(rejected.map(({ code, row, value }) => [code, row, value])).toEqual([
      ['DUPLICATE_FIELD', 2, 'n17'],
      ['DUPLICATE_FIELD', 5003, 'r1'],
    ]);
  });

  it('calls a file without rows empty', () => {
    for (const text of ['', '\n\n', '\ufeff', '  \r\n']) expect(read(text).fault).toMatchObject({ code: 'EMPTY_FILE' });
  });
});
