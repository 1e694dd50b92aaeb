import { describe, expect, it } from '@jest/globals';
import { fingerprintsOf, RevocationTable } from './revocation-table.ts';

const found = (table: RevocationTable, key: string, issuedAt = 1_000) =>
  table.find(fingerprintsOf([key]), issuedAt) >= 0;

describe('RevocationTable', () => {
  it('revokes altogether, or what was issued before a moment', () => {
    const table = new RevocationTable();
    table.put('altogether', null, null);
    table.put('until-1000', 1_000, null);

    expect([found(table, 'altogether'), found(table, 'until-1000', 999), found(table, 'until-1000', 1_000)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(found(table, 'another')).toBe(false);
  });

  it('says which of several keys it was', () => {
    const table = new RevocationTable();
    table.put('second', null, null);

    expect(table.find(fingerprintsOf(['first', 'second', 'third']), 0)).toBe(1);
    expect(table.find(fingerprintsOf(['first', 'third']), 0)).toBe(-1);
    expect(table.find(fingerprintsOf([]), 0)).toBe(-1);
  });

  it('takes a later word for the last', () => {
    const table = new RevocationTable();
    table.put('key', null, null);
    table.put('key', 500, null);

    expect([table.size, found(table, 'key', 499), found(table, 'key', 500)]).toEqual([1, true, false]);
  });

  it('holds what a Map would hold, through growth and deletions in any order', () => {
    const table = new RevocationTable();
    const model = new Map<string, number>();
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let step = 0; step < 60_000; step += 1) {
      const key = `key-${random(12_000)}`;
      if (random(3) === 0) {
        table.delete(key);
        model.delete(key);
      } else {
        const before = random(1_000);
        table.put(key, before, null);
        model.set(key, before);
      }
    }

    const wrong = Array.from({ length: 12_000 }, (_, at) => `key-${at}`).filter((key) => {
      const before = model.get(key) ?? 0;
      return found(table, key, before) || (before > 0 && !found(table, key, before - 1));
    });

    expect(table.size).toBe(model.size);
    expect(wrong).toEqual([]);
  });

  it('drops at the end of a reading what it has not shown, and nothing before', () => {
    const table = new RevocationTable();
    const keys = Array.from({ length: 5_000 }, (_, at) => `key-${at}`);
    for (const key of keys) table.put(key, null, null);
    table.beginReading();
    for (const key of keys.slice(0, 2_000)) table.put(key, null, null);
    const during = table.size;

    table.endReading();

    expect([during, table.size]).toEqual([5_000, 2_000]);
    expect(keys.slice(0, 2_000).every((key) => found(table, key))).toBe(true);
    expect(keys.slice(2_000).some((key) => found(table, key))).toBe(false);
  });

  it('drops what has ended, part by part', () => {
    const table = new RevocationTable();
    for (let at = 0; at < 100_000; at += 1) table.put(`key-${at}`, null, at % 2 === 0 ? 500 : null);

    table.dropEnded(499);
    expect(table.size).toBe(100_000);
    for (let slice = 0; slice < 16; slice += 1) table.dropEnded(500);

    expect(table.size).toBe(50_000);
    expect([found(table, 'key-0'), found(table, 'key-1')]).toEqual([false, true]);
  });

  it('takes no more than 60 bytes an entry where it has just grown', () => {
    const table = new RevocationTable();
    for (let at = 0; at < 200_000; at += 1) table.put(`key-${at}`, null, null);

    expect(table.footprint / table.size).toBeLessThan(60);
  });
});
