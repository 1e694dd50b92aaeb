import { jobId } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { idPrefixOf, newImportId } from './import-id.ts';

describe('an import id', () => {
  it('is what the contract says, begins with the time and differs each time', () => {
    const ids = Array.from({ length: 100 }, () => newImportId(0x65000000 * 1000));

    expect(ids.every((id) => jobId.safeParse(id).success && id.startsWith('65000000'))).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });

  it('is the beginning of the _id of each of its rows', () => {
    expect([...idPrefixOf('0102030405060708')]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
