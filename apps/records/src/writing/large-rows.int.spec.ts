import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BSON } from 'bson';
import { bsonOf, RecordsSystem } from '../harness/records-system.ts';

let system: RecordsSystem;

beforeAll(async () => {
  system = await RecordsSystem.start(1);
});

afterAll(() => system.stop());

const textOf = (seed: number, length: number) => {
  let text = '';
  for (let at = 0; text.length < length; at += 1) text += `${seed}.${at},`;
  return text.slice(0, length);
};

const lengths = Array.from(
  { length: 12 },
  (_, n) => [65_500 + n, 10, 66_000 + n * 5_000, 300_000, 30_000, 64_000][n % 6] as number,
);

describe('Rows around the size from which buffers are given back', () => {
  it.each([false, true])(
    'stay whole where many are written and read side by side, with doubles; own ids: %s',
    async (hasOwnIds) => {
      await Promise.all(
        Array.from({ length: 10 }, async (_, set) => {
          const name = `set-${hasOwnIds}-${set}`;
          await system.dataset(name);
          const rows = lengths.map((length, n) => ({ _id: n, text: textOf(set * 100 + n, length) }));
          const doubled = rows.flatMap((row, n) => (n % 5 === 0 ? [row, { _id: row._id, text: 'again' }] : [row]));
          const first = await system.write(name, doubled, { hasOwnIds, source: name, sequence: 0 });
          const again = await system.write(name, doubled, { hasOwnIds, source: name, sequence: 0 });
          const across = await system.write(name, rows, { hasOwnIds, source: name, sequence: 1 });
          expect(first).toMatchObject({ inserted: 12, rejected: [{ code: 'DUPLICATE_KEY' }, {}, {}] });
          expect(again).toEqual(first);
          expect(across).toMatchObject({ inserted: 0 });
          expect(across.rejected).toHaveLength(12);
          for (const maxBytes of [1, 70_000, 140_000, 1_000_000]) {
            expect(bsonOf(await system.scan(name, { maxBytes })).equals(bsonOf(rows))).toBe(true);
          }
          const later = rows.map(({ _id }) => ({ _id, text: textOf(set * 1000 + _id, 70_000) }));
          await system.write(name, later, { mode: 'upsert' });
          expect(bsonOf(await system.scan(name, { maxBytes: 1_000_000 })).equals(bsonOf(later))).toBe(true);
        }),
      );
    },
  );

  it('stay whole with ids that make cursors larger than 64 KiB', async () => {
    await system.dataset('ids');
    const rows: BSON.Document[] = Array.from({ length: 8 }, (_, n) => ({
      _id: `${n}${textOf(n, 70_000)}`,
      n: textOf(n, 80_000),
    }));
    for (const row of rows) await system.write('ids', [row]);
    for (const maxBytes of [1, 400_000, 1_000_000]) {
      const scan = () => system.scan('ids', { maxBytes });
      for (const read of await Promise.all([scan(), scan(), scan(), scan()]))
        expect(bsonOf(read).equals(bsonOf(rows))).toBe(true);
    }
  });
});
