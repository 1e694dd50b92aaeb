import { describe, expect, it } from '@jest/globals';
import { BSON, Binary, Double, Int32, Long, Timestamp } from 'bson';
import fc from 'fast-check';
import { withEmptyTimestamps } from './empty-timestamps.ts';

const empty = new Timestamp({ t: 0, i: 0 });
const value = fc.constantFrom<unknown>(
  ...[empty, new Timestamp({ t: 1, i: 0 }), new Timestamp({ t: 0, i: 1 }), new Double(0), Long.ZERO, new Date(0)],
  ...[new Int32(17), new Int32(0), new Binary(Buffer.alloc(30)), { ts: empty }, [empty], 'text', null],
);
// A name may hold the type byte of a timestamp, and may hold nothing.
const name = fc.constantFrom('', 'a', 'ts', '\u0011', 'x\u0011y', 'long'.repeat(20));

describe('documents with an empty timestamp at the top', () => {
  it('are found among any others, and no others', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(name, value, { maxKeys: 5 }), { maxLength: 6 }), (documents) => {
        const bytes = documents.map((document) => Buffer.from(BSON.serialize(document)));
        const found = withEmptyTimestamps(Buffer.concat(bytes));

        expect(found).toEqual(bytes.filter((_, index) => Object.values(documents[index] ?? {}).includes(empty)));
      }),
      { numRuns: 1000 },
    );
  });
});
