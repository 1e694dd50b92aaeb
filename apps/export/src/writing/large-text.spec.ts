import { describe, expect, it } from '@jest/globals';
import { BSON } from 'bson';
import { largeText } from './large-text.ts';
import { writePage, type Writing } from './write-page.ts';

const documents = BSON.serialize({ _id: 1, name: 'a "b"', list: [1, { x: 'é' }], at: new Date(0) });
const columns = ['_id', 'name', 'list', 'none'];
const writings: Writing[] = [
  { format: 'ndjson', ejson: 'relaxed' },
  { format: 'ndjson', ejson: 'canonical' },
  { format: 'json', ejson: 'relaxed' },
  { format: 'csv', ejson: 'relaxed', columns },
  { format: 'tsv', ejson: 'relaxed', columns },
];

describe('the text of a large document', () => {
  it.each(writings)('is that of a page which holds it alone, as %o', (writing) => {
    for (const [isFirst, isLast] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const ends = { isFirst, isLast };

      const text = Buffer.concat([...largeText(writing, documents, ends)]).toString();

      expect(text).toBe(Buffer.from(writePage(writing, { documents, count: 1 }, ends)).toString());
    }
  });
});
