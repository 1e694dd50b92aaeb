import { createKnownRowReader, createRowReader, type Chunk } from '@keyport/codec';
import { describe, expect, it } from '@jest/globals';
import { outcomeOf } from './outcome.ts';

function chunkOf(text: string): Chunk {
  const reader = createRowReader({ format: 'ndjson', idPrefix: new Uint8Array(8) });
  reader.push(Buffer.from(text));
  reader.end();
  const chunk = reader.read();
  if (!chunk) throw new Error('the text holds rows');
  return chunk;
}

const nothing = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, skipped: 0, rejected: [] };
const reply = (some: object) => ({ ...nothing, ...some });

describe('outcomeOf', () => {
  it('puts the rows that the parser and the writer refused in file order', () => {
    const chunk = chunkOf('{"n":1}\nbad\n{"n":2}\n{"n":3}\n');

    const outcome = outcomeOf(
      chunk,
      reply({ inserted: 1, rejected: [0, 2].map((index) => ({ index, code: 'DUPLICATE_KEY', message: 'is there' })) }),
    );

    expect(outcome.rejected.map(({ row, line, code, raw }) => [row, line, code, raw])).toEqual([
      [1, 1, 'DUPLICATE_KEY', '{"n":1}'],
      [2, 2, 'MALFORMED_JSON', 'bad'],
      [4, 4, 'DUPLICATE_KEY', '{"n":3}'],
    ]);
    expect(outcome.counts).toMatchObject({ read: 4, inserted: 1, rejected: 3 });
  });

  it('ends with the rejected row that is one too many, whoever refused it', () => {
    const chunk = chunkOf('{"n":1}\nbad\n{"n":2}\n{"n":3}\nbad\n{"n":4}\n');
    const duplicate = { index: 1, code: 'DUPLICATE_KEY', message: 'is there' };

    const byParser = outcomeOf(chunk, reply({ inserted: 1 }), 0);
    const byWriter = outcomeOf(chunk, reply({ inserted: 1, rejected: [duplicate] }), 1);
    const byNone = outcomeOf(chunk, reply({ inserted: 3, rejected: [duplicate] }), 3);

    expect(byParser.counts).toMatchObject({ read: 2, inserted: 1, rejected: 1 });
    expect(byParser.rejected.map(({ row }) => row)).toEqual([2]);
    expect(byWriter.counts).toMatchObject({ read: 3, inserted: 1, rejected: 2 });
    expect(byWriter.rejected.map(({ row }) => row)).toEqual([2, 3]);
    expect(byNone.counts).toMatchObject({ read: 6, inserted: 3, rejected: 3 });
  });

  it('counts rows whose numbers do not follow one another, and says which they are', () => {
    const reader = createKnownRowReader({ format: 'ndjson', idPrefix: new Uint8Array(8) });
    const texts = ['{"n":1}', 'bad', '{"n":2}', 'bad', '{"n":3}'];
    reader.push(texts.map((text, n) => ({ row: 10 + 7 * n, line: 1, byteOffset: 0, text: Buffer.from(text) })));
    reader.end();

    const outcome = outcomeOf(reader.read()!, reply({ inserted: 2 }), 1);

    expect(outcome).toMatchObject({ counts: { read: 4, inserted: 2, rejected: 2 }, range: { first: 10, last: 38 } });
  });

  it('counts the rows that the writer skipped', () => {
    const { counts } = outcomeOf(chunkOf('{"n":1}\nbad\n{"n":2}\n'), reply({ deleted: 1, skipped: 1 }));

    expect(counts).toEqual({ read: 3, ...nothing, deleted: 1, skipped: 1, rejected: 1 });
  });

  it('does not accept counts that do not add up', () => {
    expect(() => outcomeOf(chunkOf('{"n":1}\n{"n":2}\n'), reply({ inserted: 1 }))).toThrow('do not add up');
  });
});
