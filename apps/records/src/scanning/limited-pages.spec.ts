import { describe, expect, it } from '@jest/globals';
import { firstElement, splitDocuments, type RawBatch } from '@keyport/mongo';
import { BSON } from 'bson';
import type { VisibleRows } from '../limits/visible-rows.ts';
import { LimitedPages } from './limited-pages.service.ts';
import type { ScanRepository, Stretch } from './scan.repository.ts';

const bytesOf = (...documents: BSON.Document[]) => Buffer.concat(documents.map((document) => BSON.serialize(document)));
const timeExceeded = Object.assign(new Error('operation exceeded time limit'), { code: 50 });
const view = { query: { even: true }, fields: undefined, parts: undefined };
const asked = { collectionName: 'c', averageBytes: 20, limit: undefined, maxBytes: 1_000 };

/** Finds nothing to show; a window of more than so many records takes too long. */
function emptyCollection(size: number, bearable: number) {
  const windows: number[] = [];
  const stretches: Stretch[] = [];
  const scans = {
    idAfter: async (_range: unknown, count: number) => {
      windows.push(count);
      return count < size ? firstElement(bytesOf({ _id: count })) : undefined;
    },
    read: async (stretch: Stretch): Promise<RawBatch> => {
      stretches.push(stretch);
      if ((windows.at(-1) ?? 0) > bearable) throw timeExceeded;
      return { bytes: Buffer.alloc(0), starts: [], isWhole: true };
    },
  };
  return { windows, stretches, pages: new LimitedPages(scans as unknown as ScanRepository, {} as VisibleRows) };
}

describe('a page for a limited caller', () => {
  it('looks at fewer records until it is in time, and goes on behind them', async () => {
    const { windows, stretches, pages } = emptyCollection(1_000_000, 25);

    const page = await pages.page({ ...asked, position: undefined }, view);

    expect(windows).toEqual([5_000, 313, 20]);
    expect(page).toMatchObject({ count: 0, window: 40 });
    expect(splitDocuments(page.documents)).toEqual([]);
    expect(page.last?.bytes.readInt32LE(page.last.valueStart)).toBe(20);
    expect(stretches.map(({ maxTimeMs }) => maxTimeMs)).toEqual([1_500, 1_500, 1_500]);
  });

  it('looks at one record for as long as it takes, and fails for another reason', async () => {
    const { stretches, pages } = emptyCollection(1_000_000, 1);
    const position = { collectionName: 'c', after: 7, averageBytes: 20, window: 16 };

    const page = await pages.page({ ...asked, position }, view);

    expect(page.last?.bytes.readInt32LE(page.last.valueStart)).toBe(1);
    expect(stretches.map(({ maxTimeMs, after }) => [maxTimeMs, after])).toEqual([
      [1_500, 7],
      [undefined, 7],
    ]);
    await expect(emptyCollection(10, 0).pages.page({ ...asked, position }, view)).rejects.toBe(timeExceeded);
  });

  it('is the last one where the collection ends within its window', async () => {
    const { pages } = emptyCollection(100, 10_000);

    expect((await pages.page({ ...asked, position: undefined }, view)).last).toBeUndefined();
  });
});
