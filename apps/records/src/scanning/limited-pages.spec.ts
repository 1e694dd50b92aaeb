import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { firstElement, splitDocuments, type RawBatch } from '@keyport/mongo';
import { BSON } from 'bson';
import type { VisibleRows } from '../limits/visible-rows.ts';
import { LimitedPages } from './limited-pages.service.ts';
import type { ScanRepository, Stretch } from './scan.repository.ts';

const bytesOf = (...documents: BSON.Document[]) => Buffer.concat(documents.map((document) => BSON.serialize(document)));
const timeExceeded = Object.assign(new Error('operation exceeded time limit'), { code: 50 });
const view = { query: { even: true }, fields: undefined, parts: undefined };
const asked = { collectionName: 'c', averageBytes: 20, limit: undefined, maxBytes: 1_000 };

// A machine that stands still would be taken for a collection that takes long.
beforeEach(() => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

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

    expect(windows).toEqual([1_000, 63, 4]);
    expect(page).toMatchObject({ count: 0, window: 8 });
    expect(splitDocuments(page.documents)).toEqual([]);
    expect(page.last?.bytes.readInt32LE(page.last.valueStart)).toBe(4);
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

describe('the first page of a filter', () => {
  const found = (...documents: BSON.Document[]): RawBatch => {
    const bytes = bytesOf(...documents);
    const starts = documents.map((_, index) => bytesOf(...documents.slice(0, index)).length);
    return { bytes, starts, isWhole: true };
  };

  /** Resolves once so many windows were looked at. */
  type UntilWindows = (count: number) => Promise<void>;

  /** An endless collection, of which a plan of MongoDB's own tells the page, and windows one after another what they hold. */
  function collection(byPlan: (untilWindows: UntilWindows) => Promise<RawBatch>, ...inWindows: RawBatch[]) {
    const read: string[] = [];
    const untilWindows = async (count: number) => {
      while (read.filter((how) => how === 'window').length < count) await setImmediate();
    };
    const scans = {
      idAfter: async ({ after = 0 }: { after?: unknown }, count: number) =>
        firstElement(bytesOf({ _id: Number(after) + count })),
      read: async ({ isPlannedFreely }: Stretch) => {
        read.push(isPlannedFreely ? 'plan' : 'window');
        if (isPlannedFreely) return byPlan(untilWindows);
        await setImmediate();
        return inWindows.shift() ?? found();
      },
    };
    const pages = new LimitedPages(scans as unknown as ScanRepository, {} as VisibleRows);
    return { read, page: () => pages.page({ ...asked, position: undefined, isFiltered: true }, view) };
  }
  const never = () => new Promise<RawBatch>(() => undefined);
  /** Tells it once so many windows were looked at. */
  const late = async (untilWindows: UntilWindows): Promise<RawBatch> => {
    await untilWindows(3);
    throw timeExceeded;
  };

  it('gives what the first records hold before it is known whether an index helps, and looks for one again behind them', async () => {
    const { page } = collection(never, found({ _id: 3 }));

    const { count, window, last } = await page();

    expect([count, window]).toEqual([1, undefined]);
    expect(last?.bytes.readInt32LE(last.valueStart)).toBe(1_000);
  });

  it('looks at no records where an index answers at once', async () => {
    const { page, read } = collection(async () => found({ _id: 900_000 }), found());

    expect([(await page()).count, read]).toEqual([1, ['plan']]);
  });

  it('looks further while the index is waited for', async () => {
    const { page, read } = collection(never, found(), found(), found({ _id: 6_000 }));

    const { count, window, last } = await page();

    expect([count, window, read]).toEqual([1, undefined, ['plan', 'window', 'window', 'window']]);
    expect(last?.bytes.readInt32LE(last.valueStart)).toBe(1_000 + 2_000 + 4_000);
  });

  it('is what the index tells where the records so far hold nothing, and goes on behind them where none helps', async () => {
    const soon = async (untilWindows: UntilWindows) => {
      await untilWindows(2);
      return found({ _id: 900_000 });
    };

    const helped = await collection(soon).page();
    const alone = await collection(late).page();

    expect(helped).toMatchObject({ count: 1 });
    expect(helped.window).toBeUndefined();
    expect(alone.count).toBe(0);
    expect(alone.window).toBeGreaterThan(2_000);
    expect(alone.last?.bytes.readInt32LE(alone.last.valueStart)).toBeGreaterThanOrEqual(3_000);
  });

  it('fails as MongoDB does, whichever of the two it tells', async () => {
    const refused = Object.assign(new Error('no pattern'), { code: 51091 });

    await expect(collection(() => Promise.reject(refused), found()).page()).rejects.toBe(refused);
    await expect(
      collection(async (untilWindows) => {
        await untilWindows(2);
        throw refused;
      }, found()).page(),
    ).rejects.toBe(refused);
  });
});
