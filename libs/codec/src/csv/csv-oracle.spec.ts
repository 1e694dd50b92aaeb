import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { createRowReader, type CsvOptions, type RowFormat, splitDocuments } from '../index.ts';
import { decode, idPrefix } from '../testing/read-rows.ts';

interface Dialect {
  format: RowFormat;
  delimiter: string;
  quote: string;
  bom: boolean;
  header: boolean;
}

const dialect: fc.Arbitrary<Dialect> = fc
  .record({
    format: fc.constantFrom<RowFormat>('csv', 'tsv'),
    delimiter: fc.constantFrom<string>(',', ';', '\t', '|', ' ', ':', '^'),
    quote: fc.constantFrom('"', "'", '`', ''),
    bom: fc.boolean(),
    header: fc.boolean(),
  })
  .filter(({ delimiter, quote }) => delimiter !== quote);

const unit = fc.constantFrom(
  'a',
  '0',
  'ä',
  '€',
  '😀',
  ',',
  ';',
  '\t',
  '|',
  ' ',
  ':',
  '^',
  '"',
  "'",
  '`',
  '\n',
  '\r\n',
  '\\',
  '=',
);
const cell = fc.tuple(fc.string({ unit, maxLength: 6 }), fc.boolean());
const row = fc.tuple(fc.array(cell, { minLength: 3, maxLength: 3 }), fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n'));

/** A file in the dialect; what a dialect without quotes cannot say is left out of its cells. */
function textOf({ delimiter, quote, bom, header }: Dialect, rows: [[string, boolean][], string][]): string {
  const written = ([text, quoteAnyway]: [string, boolean]) => {
    if (quote === '') return text.replaceAll(delimiter, '').replaceAll(/[\r\n]/g, '');
    const needed = text.includes(delimiter) || text.includes(quote) || /[\r\n]/.test(text);
    return needed || quoteAnyway ? quote + text.replaceAll(quote, quote + quote) + quote : text;
  };
  const lines = rows.map(([cells, end]) => cells.map(written).join(delimiter) + end);
  return `${bom ? '\ufeff' : ''}${header ? `a${delimiter}b${delimiter}c\n` : ''}${lines.join('')}`;
}

const columns = ['a', 'b', 'c'];

/** csv-parse takes a line break inside quotes and both kinds of line break as we do, when told so. */
const oracle = (text: string, { delimiter, quote, header }: Dialect) =>
  parse(text, {
    ...{ bom: true, delimiter, quote: quote === '' ? null : quote, escape: quote === '' ? null : quote },
    ...{ record_delimiter: ['\r\n', '\n'], skip_empty_lines: true, columns: header ? true : columns },
  });

function readInPieces(bytes: Buffer, { format, delimiter, quote, header }: Dialect, cuts: readonly number[]) {
  const csv: CsvOptions = { delimiter, quote, header, ...(!header && { columns }) };
  const reader = createRowReader({ format, idPrefix, csv });
  const found: Record<string, unknown>[] = [];
  const drain = () => {
    for (let chunk = reader.read(); chunk; chunk = reader.read()) {
      expect(chunk.rejected).toEqual([]);
      found.push(
        ...splitDocuments(chunk.documents)
          .map(decode)
          .map(({ _id, ...fields }) => fields),
      );
    }
  };
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.push(bytes.subarray(at, cut));
    drain();
    at = cut;
  }
  reader.end();
  drain();
  return found;
}

describe('CSV in any dialect', () => {
  it('is read as csv-parse reads it, wherever the file is cut', () => {
    fc.assert(
      fc.property(dialect, fc.array(row, { minLength: 1, maxLength: 5 }), (asked, rows) => {
        const text = textOf(asked, rows);
        const bytes = Buffer.from(text);
        const expected = oracle(text, asked);
        fc.pre(expected.length > 0);

        expect(readInPieces(bytes, asked, [])).toEqual(expected);
        expect(readInPieces(bytes, asked, [...bytes.keys()].slice(1))).toEqual(expected);
        for (let cut = 1; cut < bytes.length; cut++) expect(readInPieces(bytes, asked, [cut])).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });
});
