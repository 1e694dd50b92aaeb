import { describe, expect, it } from '@jest/globals';
import { createRowReader, FileError, splitDocuments, type CsvOptions, type RejectedRow } from '@keyport/codec';
import { BSON } from 'bson';
import fc from 'fast-check';
import { CorrectableLayout } from './correctable-layout.ts';
import { layoutOf } from './rejects-layout.ts';
import { maxRawBytes } from './reject-details.ts';

type Format = 'csv' | 'tsv';
interface Found {
  readonly values: unknown[];
  readonly rejected: RejectedRow[];
  readonly header: string[];
}

/** A CSV file as an import reads it; numbers in the column `n`. */
function read(text: string | Buffer, csv: CsvOptions = {}, format: Format = 'csv'): Found {
  const reader = createRowReader({ format, csv, maxRawBytes, idPrefix: new Uint8Array(8), fieldTypes: { n: 'int' } });
  reader.push(Buffer.from(text));
  reader.end();
  const found = { values: [] as unknown[], rejected: [] as RejectedRow[], header: [] as string[] };
  for (let chunk = nextOf(reader); chunk; chunk = nextOf(reader)) {
    for (const document of splitDocuments(chunk.documents)) {
      const fields = BSON.deserialize(document);
      delete fields['_id'];
      found.values.push(fields);
    }
    found.rejected.push(...chunk.rejected);
    found.header = chunk.end.header ?? [];
  }
  return found;
}

/** Blank lines alone are an empty file. */
function nextOf(reader: ReturnType<typeof createRowReader>) {
  try {
    return reader.read();
  } catch (error) {
    if (error instanceof FileError && error.code === 'EMPTY_FILE') return undefined;
    throw error;
  }
}

/** The rejected rows of a file, to be corrected. */
function correctable({ rejected, header }: Found, csv: CsvOptions = {}, format: Format = 'csv'): string {
  const layout = new CorrectableLayout(header, format, csv);
  return layout.header + rejected.map((row) => layout.line(row)).join('');
}

const ignore = ['_error'];

describe('rejected rows of a CSV file', () => {
  it('come as they were sent, with one more column', () => {
    const file = 'id,n,note\r\n1,one,=1+1\r\n2,2,fine\r\n3,,"a ""b"", c\nd"\r\n4, x ,@cell \r\n';

    expect(correctable(read(file))).toBe(
      [
        'id,n,note,_error\n',
        '1,one,=1+1,TYPE_MISMATCH at n: The cell cannot be stored as int.\n',
        '4, x ,@cell ,TYPE_MISMATCH at n: The cell cannot be stored as int.\n',
      ].join(''),
    );
  });

  it('can be corrected and sent again with the column ignored', () => {
    const file = correctable(read('id,n\n1,one\n2,"t,wo"\n'));

    const again = read(file.replace('one', '1').replace('"t,wo"', '2'), { ignore });

    expect(again.rejected).toEqual([]);
    expect(again.values).toEqual([
      { id: '1', n: 1 },
      { id: '2', n: 2 },
    ]);
  });

  it('come again with the new error in the place of the old one', () => {
    const first = read('id,n\n1,one\n2,two\n');
    const second = read(correctable(first).replace('one', '1'), { ignore });

    expect(correctable(second, { ignore })).toBe(
      'id,n,_error\n2,two,TYPE_MISMATCH at n: The cell cannot be stored as int.\n',
    );
  });

  it('leave a column of the file that is called _error alone', () => {
    const file = correctable(read('n,_error\none,mine\n'));

    expect(file.split('\n')[0]).toBe('n,_error,_error_2');
    expect(read(file.replace('one', '1'), { ignore: ['_error_2'] }).values).toEqual([{ n: 1, _error: 'mine' }]);
  });

  it('keep the dialect of their file', () => {
    const csv = { delimiter: ';', quote: "'" };

    expect(correctable(read("a;n\n'x;y';it's\n", csv), csv)).toBe(
      "a;n;_error\n'x;y';it's;'MALFORMED_CSV: The row has a quote inside a cell that does not begin with one.'\n",
    );
    expect(correctable(read('n\ta\none\t\n', {}, 'tsv'), {}, 'tsv')).toBe(
      'n\ta\t_error\none\t\tTYPE_MISMATCH at n: The cell cannot be stored as int.\n',
    );
    const headless = { header: false, columns: ['n', 'a'] };
    expect(correctable(read('one,b\n', headless), headless)).toMatch(/^one,b,TYPE_MISMATCH/);
  });

  it.each([
    ['too few cells', '1\n'],
    ['too many cells', '1,2,3\n'],
    ['a stray quote', '1,a"b\n'],
    ['text behind a quote', '"1"x,2\n'],
    ['no closing quote', '1,"two\nthree,4\n'],
    ['a row that is cut', `1,"${'long,\n'.repeat(4_000)}"x\n1,"x"y\n`],
    ['a row that is cut behind as many cells as there are columns', `1,2,${'x'.repeat(20_000)}\n`],
    ['bytes that are no characters', Buffer.from([0x31, 0x2c, 0xe9, 0x0a])],
  ])('are rejected again where they are not corrected: %s', (_what, row) => {
    let file = Buffer.concat([Buffer.from('id,note\n'), Buffer.from(row)]).toString('latin1');
    const first = read(Buffer.from(file, 'latin1'));
    const count = first.rejected.length;
    expect(count).toBeGreaterThan(0);

    let csv: CsvOptions = {};
    for (let found = first, round = 0; round < 3; round += 1) {
      file = correctable(found, csv);
      csv = { ignore };
      found = read(`${file}9,good,\n`, csv);
      expect(found.rejected).toHaveLength(count);
      expect(found.values).toEqual([{ id: '9', note: 'good' }]);
    }
  });

  it('are rejected again whatever they are, and good ones read as they were', () => {
    const cell = fc.constantFrom('1', '', ' ', 'a', '"x,\n"', '"d""q"', '""', 'a"b', '"a"b', '=1+1', '\r', 'ä😀');
    const file = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(file, fc.boolean(), (rows, isRefused) => {
        const first = read(`a,b\n${rows.map((cells) => cells.join()).join('\n')}\n`);
        const refused = { code: 'SCHEMA_VIOLATION', message: 'The row does, "not" fit.' } as const;
        const good = isRefused ? first.values.length : 0;
        const layout = new CorrectableLayout(['a', 'b'], 'csv', {});
        const lines = first.rejected.map((row) => layout.line(row));
        // Rows that were well formed, and that the schema or the writer refused.
        const raws = rows.map((cells) => cells.join()).filter((raw) => read(`a,b\n${raw}\n`).values.length === 1);
        for (const raw of raws.slice(0, good)) {
          const place = { row: 1, line: 1, byteOffset: 0 };
          lines.push(layout.line({ ...place, ...refused, raw: raw.replace(/\r$/, ''), rawComplete: true }));
        }
        if (lines.length === 0) return;
        const again = read(layout.header + lines.join(''), { ignore });

        expect(again.rejected).toHaveLength(first.rejected.length);
        expect(again.values).toHaveLength(lines.length - first.rejected.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('rejected rows of a JSON file', () => {
  it('come as a table of what is told of each', () => {
    const position = { chunk: 1, processed: 9, spool: { sequence: 1, offset: 0, epoch: 1 }, row: null };
    const layout = layoutOf({ format: 'ndjson', readingText: null, position });
    const place = { row: 2, line: 3, byteOffset: 40 };

    expect(layout.header).toBe('row,line,byteOffset,code,path,message,value,raw\n');
    expect(layout.line({ ...place, code: 'A', message: 'is, wrong', raw: '{"a":"b"}', rawComplete: true })).toBe(
      '2,3,40,A,,"is, wrong",,"{""a"":""b""}"\n',
    );
  });
});
