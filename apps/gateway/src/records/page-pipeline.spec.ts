import { describe, expect, it } from '@jest/globals';
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
