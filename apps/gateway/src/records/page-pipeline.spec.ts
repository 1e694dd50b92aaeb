import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KeyportError } from '@keyport/contracts';
import { PagePipeline, type PageParts } from './page-pipeline.ts';

const bytesOf = (text: string) => Buffer.from(text);

/** Pages `0` to `last`; remembers which were asked for. */
function pagesUpTo(last: number) {
  const asked: number[] = [];
  async function* fetchPage(cursor: string | undefined): PageParts & AsyncGenerator {
    const page = Number(cursor ?? 0);
    asked.push(page);
    yield { next: page < last ? String(page + 1) : null, count: 2, ...(page === last && { after: 'behind' }) };
    yield { bytes: bytesOf(`page ${page};`) };
  }
  return { asked, fetchPage };
}

const readAll = async (pipeline: PagePipeline) => Buffer.concat(await Array.fromAsync(pipeline)).toString();

describe('PagePipeline', () => {
  it('yields every page once and in order', async () => {
    const { fetchPage } = pagesUpTo(9);

    const text = await readAll(new PagePipeline(fetchPage));

    expect(text).toBe(Array.from({ length: 10 }, (_, page) => `page ${page};`).join(''));
  });

  it('tells once all was read how many records that were, and where to go on', async () => {
    const pipeline = new PagePipeline(pagesUpTo(4).fetchPage);

    await readAll(pipeline);

    expect(pipeline.totals).toEqual({ count: 10, after: 'behind' });
  });

  it('says that the first page is there though it holds nothing, and passes on its refusal', async () => {
    async function* empty(): PageParts & AsyncGenerator {
      yield { next: null, count: 0 };
      yield { bytes: Buffer.alloc(0) };
    }
    // eslint-disable-next-line require-yield -- a refusal is all that comes
    async function* refused(): PageParts & AsyncGenerator {
      throw new KeyportError('DATASET_NOT_FOUND', { dataset: 'gone' });
    }

    await expect(new PagePipeline(empty).begun()).resolves.toBeUndefined();
    await expect(new PagePipeline(refused).begun()).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });

  it('joins the pieces of a page that came in several', async () => {
    async function* fetchPage(): PageParts & AsyncGenerator {
      yield { next: null, count: 1 };
      yield { bytes: bytesOf('long ') };
      yield { bytes: bytesOf('page') };
    }

    expect(await readAll(new PagePipeline(fetchPage))).toBe('long page');
  });

  it('asks for no more than three pages that nobody has taken', async () => {
    const { asked, fetchPage } = pagesUpTo(100);
    const reader = new PagePipeline(fetchPage)[Symbol.asyncIterator]();

    await reader.next();
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();

    expect(asked.length).toBeLessThanOrEqual(4);
    await reader.return(undefined);
  });

  it('stops asking once the reader has gone', async () => {
    const { asked, fetchPage } = pagesUpTo(100);
    const reader = new PagePipeline(fetchPage)[Symbol.asyncIterator]();
    await reader.next();

    await reader.return(undefined);
    const askedAtTheEnd = asked.length;
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();

    expect(asked).toHaveLength(askedAtTheEnd);
  });

  it('gives the first page while the next one is still being looked for', async () => {
    const { promise: neverTold } = Promise.withResolvers<never>();
    async function* fetchPage(cursor: string | undefined): PageParts & AsyncGenerator {
      if (cursor !== undefined) await neverTold;
      yield { next: 'behind', count: 1 };
      yield { bytes: bytesOf('first row') };
    }
    const reader = new PagePipeline(fetchPage)[Symbol.asyncIterator]();

    const text = String((await reader.next()).value);

    expect(text).toBe('first row');
  });

  describe('for a client who reads nothing for a while', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    const stalled = () => jest.advanceTimersByTimeAsync(60_000);

    it('holds no pages, and gets them anew: all of them once, in order, and counted once', async () => {
      const { asked, fetchPage } = pagesUpTo(9);
      const pipeline = new PagePipeline(fetchPage);
      const reader = pipeline[Symbol.asyncIterator]();
      const texts = [String((await reader.next()).value)];
      await stalled();
      const askedBefore = [...asked];

      for (let next = await reader.next(); !next.done; next = await reader.next()) texts.push(String(next.value));

      // Whatever waited is asked for again.
      expect(askedBefore).toEqual([0, 1, 2, 3]);
      expect(asked.slice(askedBefore.length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(texts).toEqual(Array.from({ length: 10 }, (_, page) => `page ${page};`));
      expect(pipeline.totals).toEqual({ count: 20, after: 'behind' });
    });

    it('reads no page twice for one who goes on being slow, also where pages between are empty', async () => {
      const asked: number[] = [];
      async function* fetchPage(cursor: string | undefined): PageParts & AsyncGenerator {
        const page = Number(cursor ?? 0);
        asked.push(page);
        yield { next: page < 12 ? String(page + 1) : null, count: 1 };
        yield { bytes: bytesOf(page % 3 === 2 ? '' : `${page};`) };
      }
      const reader = new PagePipeline(fetchPage)[Symbol.asyncIterator]();
      const texts: string[] = [];

      for (let next = await reader.next(); !next.done; next = await reader.next()) {
        texts.push(String(next.value));
        await stalled();
      }

      expect(texts.join('')).toBe('0;1;3;4;6;7;9;10;12;');
      // The first three were asked for before anybody knew.
      expect(asked).toEqual([0, 1, 2, 3, ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]]);
    });

    it('is not held up by an answer that comes when its page was given back', async () => {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      let asks = 0;
      async function* fetchPage(cursor: string | undefined): PageParts & AsyncGenerator {
        asks += 1;
        if (asks === 2) await late;
        yield { next: cursor === undefined ? 'last' : null, count: 1 };
        yield { bytes: bytesOf(cursor ?? 'first ') };
      }
      const pipeline = new PagePipeline(fetchPage);
      const reader = pipeline[Symbol.asyncIterator]();
      await reader.next();
      await stalled();
      resolve();
      await stalled();

      const text = String((await reader.next()).value);

      expect([text, (await reader.next()).done, asks]).toEqual(['last', true, 3]);
      expect(pipeline.totals.count).toBe(2);
    });
  });

  it('fails where a page fails, after the pages before it', async () => {
    const { fetchPage } = pagesUpTo(2);
    async function* failing(cursor: string | undefined): PageParts & AsyncGenerator {
      if (cursor === '2') throw new KeyportError('DATASET_NOT_FOUND', { dataset: 'gone' });
      yield* fetchPage(cursor);
    }
    const reader = new PagePipeline(failing)[Symbol.asyncIterator]();

    await reader.next();
    await reader.next();

    await expect(reader.next()).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  });
});
