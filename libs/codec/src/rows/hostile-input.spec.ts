import { describe, expect, it } from '@jest/globals';
import { createRowReader, type Chunk, type RowFormat } from '../index.ts';
import { codesOf, idPrefix, read, readValues } from '../testing/read-rows.ts';

const mebibyte = 1024 * 1024;
const fillers = 48;

describe('hostile input', () => {
  it.each<[RowFormat, string, string, string]>([
    ['ndjson', '{"a":1}\n{"a":"', 'x', '"}\n{"a":2}\n'],
    ['ndjson', '{"a":1}\n', ' \n', '{"a":2}\n'],
    ['json', '[{"a":1},{"a":"', 'x', '"},{"a":2}]'],
    ['json', '[{"a":1},', '[', '\n{"a":2}]'],
    ['json', '[{"a":1},', '\\"', '",{"a":2}]'],
    ['json', '[{"a":1},', ' \n', '{"a":2}]'],
    ['csv', 'a\n1\n"', 'x\n', '"\n2\n'],
    ['csv', 'a\n1\n', ',', '\n2\n'],
    ['csv', 'a\n1\n', '\r\n', '2\n'],
  ])('%s: 48 MB of one kind in the middle are passed over in little memory', (format, before, filler, after) => {
    const reader = createRowReader({ format, idPrefix });
    const chunks: Chunk[] = [];
    const push = (bytes: Uint8Array) => {
      reader.push(bytes);
      for (let chunk = reader.read(); chunk; chunk = reader.read()) chunks.push(chunk);
    };
    const piece = Buffer.from(filler.repeat(mebibyte / filler.length));
    push(Buffer.from(before));
    const held = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let i = 0; i < fillers; i++) {
      push(piece);
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }
    push(Buffer.from(after));
    reader.end();
    try {
      push(new Uint8Array(0));
    } catch {
      // Brackets that never close leave a truncated array.
    }

    expect((most - held) / mebibyte).toBeLessThan(40);
    expect(chunks[0]!.rowNumbers[0]).toBe(1);
    expect(
      chunks
        .flatMap(({ rejected }) => rejected)
        .every(({ raw, code }) => code === 'ROW_TOO_LARGE' && raw.length <= 1024),
    ).toBe(true);
  });

  it('does not let a row of quotes without end cost the square of its length', () => {
    const line = `[{"a":"${'\\"'.repeat(mebibyte)}\n,{"a":1}]`;

    expect(read(line, { format: 'json' }).fault?.code ?? 'none').toMatch(/none|TRUNCATED_ARRAY/);
  });

  it('refuses a row of very many fields', () => {
    const row = `{${Array.from({ length: 300_000 }, (_, i) => `"f${i}":1`).join()}}`;

    expect(codesOf(row)).toEqual(['TOO_MANY_COLUMNS']);
  });

  it('does not let the first row of many fields cost the square of their number', () => {
    const row = `{${Array.from({ length: 9_000 }, (_, i) => `"field-${i}":1`).join()}}`;
    const started = process.cpuUsage();

    expect(read(row).documents).toHaveLength(1);

    // The square would be 20 s; this is some 0.1 s.
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  it.each<[RowFormat, string]>([
    ['ndjson', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}\n{"a":1}`],
    ['ndjson', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}\n{"a":1}`],
    ['json', `[${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)},{"a":1}]`],
  ])('%s: refuses a row that is nested 10,000 deep and reads on', (format, text) => {
    const { documents, rejected } = read(text, { format });

    expect(rejected).toMatchObject([{ code: 'NESTED_TOO_DEEP', row: 1 }]);
    expect(documents).toHaveLength(1);
  });

  it('refuses a header of 100,000 columns, of 10,000 levels, and a row of 100,000 cells', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `c${i}`).join();
    const deep = Array.from({ length: 10_000 }, () => 'a').join('.');

    expect(read(`${many}\n1`, { format: 'csv' }).fault).toMatchObject({
      code: 'BAD_HEADER',
      message: expect.stringContaining('more than 10000'),
    });
    expect(read(`x,${deep}\n1,2`, { format: 'csv' }).fault).toMatchObject({
      ...{ code: 'BAD_HEADER', message: 'column 2 is nested deeper than 100 levels' },
    });
    expect(read(`a,b\n${many}\n1,2`, { format: 'csv' })).toMatchObject({
      rejected: [{ code: 'RAGGED_ROW', row: 1, message: expect.stringContaining('100000 cells') }],
      documents: [{ a: '1', b: '2' }],
    });
  });

  it('keeps NUL bytes in texts, and refuses them in names and outside texts', () => {
    expect(readValues('{"a":"x\\u0000y"}')).toEqual([{ a: 'x\0y' }]);
    expect(readValues('a\nx\0y\n"\0"\n', { format: 'csv' })).toEqual([{ a: 'x\0y' }, { a: '\0' }]);
    expect(codesOf('{"a\\u0000b":1}\n{"a":"\0"}\n\0\n{"a":1}\0', {})).toEqual([
      ...['INVALID_FIELD_NAME', 'MALFORMED_JSON', 'MALFORMED_JSON', 'MALFORMED_JSON'],
    ]);
    expect(read('a\0b\n1', { format: 'csv' }).fault).toMatchObject({ code: 'BAD_HEADER' });
  });

  it.each([
    ['{"a":"\\ud83d"}', 'LONE_SURROGATE'],
    ['{"\\udc00":1}', 'LONE_SURROGATE'],
    ['{"a":9223372036854775808}', 'NUMBER_OUT_OF_RANGE'],
    ['{"a":-9223372036854775809}', 'NUMBER_OUT_OF_RANGE'],
    ['{"a":1e309}', 'NUMBER_OUT_OF_RANGE'],
    [`{"a":${'9'.repeat(100_000)}}`, 'NUMBER_OUT_OF_RANGE'],
    ['{"a":{"$numberLong":"9223372036854775808"}}', 'INVALID_EXTENDED_JSON'],
    ['{"a":{"$numberInt":"2147483648"}}', 'INVALID_EXTENDED_JSON'],
    ['{"a":{"$numberDecimal":"1E+7000"}}', 'INVALID_EXTENDED_JSON'],
    ['{"a":{"$date":"2024-13-01T00:00:00Z"}}', 'INVALID_EXTENDED_JSON'],
    ['{"a":{"$date":"+275760-09-13T00:00:00.001Z"}}', 'INVALID_EXTENDED_JSON'],
    ['{"a":{"$date":{"$numberLong":"9223372036854775808"}}}', 'INVALID_EXTENDED_JSON'],
    ['{"$where":"sleep(1)"}', 'INVALID_FIELD_NAME'],
    ['{"a":{"b":{"$where":"1"}}}', 'INVALID_FIELD_NAME'],
  ])('refuses %.60s as %s and reads on', (row, code) => {
    const { documents, rejected } = read(`${row}\n{"a":1}`);

    expect(rejected).toMatchObject([{ code, row: 1, line: 1, byteOffset: 0 }]);
    expect(documents).toHaveLength(1);
  });

  it('does not depend on what an earlier row left behind in memory', () => {
    const rows = [
      '{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',
      '{"a":',
      '{"a":"x',
      '{"a":tr',
      '{"a":1',
      '{"a"',
      '{',
    ];
    for (const row of rows.slice(1)) {
      expect(read(`${rows[0]}\n${row}`, {}, [7]).rejected).toMatchObject([{ code: 'MALFORMED_JSON', raw: row }]);
    }
  });
});
