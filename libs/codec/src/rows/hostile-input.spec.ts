import { describe, expect, it } from '@jest/globals';
import { createRowReader, type Chunk, type RowFormat } from '../index.ts';
import { codesOf, idPrefix, read } from '../testing/read-rows.ts';

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
