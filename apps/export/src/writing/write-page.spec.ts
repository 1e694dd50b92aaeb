import type { ExportFormat } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { BSON, Double, Int32, Long, ObjectId } from 'bson';
import { writePage, writePieces, type Writing } from './write-page.ts';

const page = (...values: BSON.Document[]) => ({
  documents: Buffer.concat(values.map((value) => BSON.serialize(value))),
  count: values.length,
});

/** The file that these pages make. */
function fileOf(writing: Partial<Writing>, pages: readonly ReturnType<typeof page>[]): string {
  const full: Writing = { format: 'ndjson', ejson: 'relaxed', ...writing };
  let written = 0;
  const texts = pages.map((one, index) => {
    const text = writePage(full, one, { isFirst: written === 0, isLast: index === pages.length - 1 });
    written += one.count;
    return Buffer.from(text).toString();
  });
  return texts.join('');
}

const nothing = page();
const ada = { _id: 1, name: 'Ada', address: { city: 'Köln, Süd' } };
const bob = { _id: 2, name: 'Bob "B."', address: null };

describe('the text of pages', () => {
  it('has a line for each document as NDJSON', () => {
    expect(fileOf({}, [page(ada), page(bob)])).toBe(
      '{"_id":1,"name":"Ada","address":{"city":"Köln, Süd"}}\n{"_id":2,"name":"Bob \\"B.\\"","address":null}\n',
    );
  });

  it('is nothing of no documents as NDJSON', () => {
    expect(fileOf({}, [nothing])).toBe('');
  });

  it.each([
    ['one page', [page(ada, bob)]],
    ['two pages', [page(ada), page(bob)]],
    ['empty pages before, between and after', [nothing, page(ada), nothing, page(bob), nothing]],
  ])('is one JSON array of %s', (_what, pages) => {
    expect(JSON.parse(fileOf({ format: 'json' }, pages))).toEqual([ada, bob]);
  });

  it('separates the elements of an array by a comma and a line feed', () => {
    expect(fileOf({ format: 'json' }, [page({ _id: 1 }), page({ _id: 2 })])).toBe('[{"_id":1},\n{"_id":2}]');
  });

  it.each([[[nothing]], [[nothing, nothing]]])('is an empty array of no documents as JSON', (pages) => {
    expect(fileOf({ format: 'json' }, pages)).toBe('[]');
  });

  it('has its header once, before the first row', () => {
    const columns = ['name', 'address.city'];

    const csv = fileOf({ format: 'csv', columns }, [nothing, page(ada), page(bob)]);

    expect(csv).toBe('name,address.city\nAda,"Köln, Süd"\n"Bob ""B.""",\n');
  });

  it('is tab-separated as TSV', () => {
    const tsv = fileOf({ format: 'tsv', columns: ['_id', 'address.city'] }, [page(ada)]);

    expect(tsv).toBe('_id\taddress.city\n1\tKöln, Süd\n');
  });

  it('has a header alone of no documents, where columns are known', () => {
    expect(fileOf({ format: 'csv', columns: ['a', 'b'] }, [nothing])).toBe('a,b\n');
    expect(fileOf({ format: 'csv', columns: [] }, [nothing])).toBe('');
  });

  it('is written in the style that was asked for', () => {
    const csv = { bom: true, nullText: 'NULL', newline: 'crlf', delimiter: ';', formulas: 'escape' } as const;
    const columns = ['name', 'address'];

    const text = fileOf({ format: 'csv', columns, columnTypes: [4, 0], csv }, [
      nothing,
      page({ name: '=1;2', address: null }),
      page({ address: -5 }),
    ]);

    expect(text).toBe('\ufeffname.string();address.string()\r\n"\'=1;2";NULL\r\n;-5\r\n');
  });

  it('begins with its byte order mark also where it has no header, and no rows', () => {
    const csv = { bom: true, header: false };

    expect(fileOf({ format: 'tsv', columns: ['name'], csv }, [nothing, page(ada)])).toBe('\ufeffAda\n');
    expect(fileOf({ format: 'tsv', columns: ['name'], csv }, [nothing])).toBe('\ufeff');
    expect(fileOf({ format: 'csv', columns: ['name'], csv: { header: false } }, [nothing])).toBe('');
  });

  it.each<[ExportFormat]>([['ndjson'], ['json']])('keeps every type in canonical Extended JSON as %s', (format) => {
    const document = {
      ...{
        _id: new ObjectId('0123456789abcdef01234567'),
        small: new Int32(1),
        long: Long.fromString('9007199254740993'),
      },
      ...{ double: new Double(2), date: new Date('2026-01-02T03:04:05.678Z'), bytes: Buffer.from([1, 2]) },
    };

    const text = fileOf({ format, ejson: 'canonical' }, [page(document)]);
    const read = BSON.EJSON.parse(text, { relaxed: false }) as BSON.Document;

    const [back] = Array.isArray(read) ? (read as BSON.Document[]) : [read];
    expect(Buffer.from(BSON.serialize(back as BSON.Document))).toEqual(Buffer.from(BSON.serialize(document)));
  });
});

describe('the pieces of a page', () => {
  const documents = Array.from({ length: 20 }, (_, number) => ({ _id: number, text: 'x'.repeat(number) }));
  const whole = page(...documents);

  it.each<[string, Partial<Writing>]>([
    ['NDJSON', {}],
    ['JSON', { format: 'json' }],
    ['CSV', { format: 'csv', columns: ['_id', 'text'] }],
  ])('are one after the other its text, as %s, wherever it stands', (_, partly) => {
    const writing: Writing = { format: 'ndjson', ejson: 'relaxed', ...partly };
    for (const isFirst of [true, false]) {
      for (const isLast of [true, false]) {
        const text = Buffer.from(writePage(writing, whole, { isFirst, isLast })).toString();
        for (const bytes of [1, 50, 51, 300, 1_000_000]) {
          const pieces = [...writePieces(writing, whole, { isFirst, isLast }, bytes)];
          expect(Buffer.concat(pieces).toString()).toBe(text);
        }
      }
    }
  });

  it('are of about as many bytes as asked for, whole documents each', () => {
    const pieces = [...writePieces({ format: 'ndjson', ejson: 'relaxed' }, whole, { isFirst: true, isLast: true }, 90)];

    expect(pieces.length).toBeGreaterThan(5);
    for (const piece of pieces) expect(Buffer.from(piece).toString()).toMatch(/^(\{.*\}\n)+$/);
  });

  it.each<[Writing['format'], string]>([
    ['ndjson', ''],
    ['json', '[]'],
  ])('are one of a page without documents, as %s', (format, text) => {
    const pieces = [...writePieces({ format, ejson: 'relaxed' }, nothing, { isFirst: true, isLast: true }, 10)];

    expect(pieces.map(String)).toHaveLength(1);
    expect(Buffer.concat(pieces).toString()).toBe(text);
  });

  it('are each written when it is asked for', () => {
    const changing = page({ text: 'as it was' }, { text: 'as it was' });
    const pieces = writePieces({ format: 'ndjson', ejson: 'relaxed' }, changing, { isFirst: true, isLast: true }, 1);

    const first = pieces.next();
    changing.documents.write('changed!!', changing.documents.lastIndexOf('as it was'));

    expect(Buffer.concat([first.value as Uint8Array, ...pieces]).toString()).toBe(
      '{"text":"as it was"}\n{"text":"changed!!"}\n',
    );
  });
});
