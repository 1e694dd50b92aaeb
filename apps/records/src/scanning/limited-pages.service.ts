import { setTimeout as delay } from 'node:timers/promises';
import { isSortTooLarge, isTimeExceeded } from '../selecting/server-codes.ts';
import { splitDocuments, valuesOf, type RawBatch, type RawElement } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { projectionFor } from '../limits/projection.ts';
import { showsId, type ReadView } from '../limits/read-view.ts';
import { VisibleRows } from '../limits/visible-rows.ts';
import { nextAverage, pageOf, recordsToAskFor, withoutId, type Page } from './page.ts';
import { filterOf, ScanRepository, type Range } from './scan.repository.ts';
import type { PageRequest, ScannedPage } from './scanned-page.ts';
import { firstWindow, nextWindow } from './scan-window.ts';

/** A page that is not found by then looks at fewer records; a few times of it are under export's 8 s for a page. */
const maxTimeMs = 1_500;
const fewer = 16;
/**
 * Milliseconds for MongoDB to find the page by any index: a filter that an index makes selective needs a few, and a first
 * page that it does not help is to begin within 100 all the same.
 */
const freeTimeMs = 45;
/** An index that helps has answered by then. */
const headStartMs = 15;

/** Records of a window, as far as they are shown. */
interface Found {
  readonly batch: RawBatch;
  readonly range: Range;
  /** The window's last record, shown or not; undefined where the collection ends in it. */
  readonly end: RawElement | undefined;
  /** Undefined where the page was found by a plan of MongoDB's own, and the next one may be. */
  readonly window: number | undefined;
}

/**
 * Pages for callers who do not see all rows, or not the same fields of all. A page looks at a window of records and may
 * find none to show: so it takes no longer where few are, and the next one goes on behind it.
 */
@Injectable()
export class LimitedPages {
  constructor(
    private readonly scans: ScanRepository,
    private readonly visible: VisibleRows,
  ) {}

  async page(asked: PageRequest, view: ReadView): Promise<ScannedPage> {
    const limit = recordsToAskFor(asked.maxBytes, asked.averageBytes, asked.limit);
    const startedAt = performance.now();
    const { batch, range, end, window } = await this.find(asked, view, limit);
    const page = pageOf(batch, { maxBytes: asked.maxBytes, limit: asked.limit, withId: true });
    const documents = await this.show(page, batch, range, view);
    const hasMore = page.isCut || !batch.isWhole || page.count === limit;
    const [first] = documents;
    return {
      documents: first && documents.length === 1 ? first : Buffer.concat(documents),
      count: documents.length,
      last: hasMore ? page.last : end,
      lastShown: page.last,
      averageBytes: nextAverage(page, asked.averageBytes),
      ...(window !== undefined && { window: nextWindow(window, performance.now() - startedAt) }),
    };
  }

  private async find(asked: PageRequest, view: ReadView, limit: number): Promise<Found> {
    if (!mayPlanFreely(asked, view)) return this.findInWindow(asked, view, limit);
    if (!asked.position) return this.findFirst(asked, view, limit);
    return (await this.findFreely(asked, view, limit)) ?? this.findInWindow(asked, view, limit);
  }

  /** What the first records hold is given at once, while it is not known yet whether an index helps with the others. */
  private async findFirst(asked: PageRequest, view: ReadView, limit: number): Promise<Found> {
    const freely = this.findFreely(asked, view, limit);
    const early = await Promise.race([freely, delay(headStartMs, 'none yet' as const)]);
    if (early !== 'none yet') return early ?? this.findInWindow(asked, view, limit);
    const searched = new AbortController();
    const byWindows = this.findInWindows(asked, view, limit, searched.signal);
    const byIndex = freely.finally(() => searched.abort()).then((found) => found ?? byWindows);
    return Promise.race([byIndex, byWindows.then((found) => (isEmpty(found) ? byIndex : found))]);
  }

  /** The first window with a record to show; once the signal says so, the last one that was looked at. */
  private async findInWindows(asked: PageRequest, view: ReadView, limit: number, ended: AbortSignal): Promise<Found> {
    for (let from = asked; ;) {
      const startedAt = performance.now();
      const found = await this.findInWindow(from, view, limit);
      if (ended.aborted) return found;
      if (!isEmpty(found)) return { ...found, window: undefined };
      if (!found.end) return found;
      const { collectionName, averageBytes } = asked;
      const window = found.window && nextWindow(found.window, performance.now() - startedAt);
      from = { ...asked, position: { collectionName, averageBytes, after: valueOf(found.end), window } };
    }
  }

  private async findInWindow(asked: PageRequest, view: ReadView, limit: number): Promise<Found> {
    const { position } = asked;
    const start = rangeBehind(asked);
    for (let window = position?.window ?? firstWindow; ; window = Math.ceil(window / fewer)) {
      const end = await this.scans.idAfter(start, window);
      const range = { ...start, ...(end && { until: valueOf(end) }) };
      const projection = view.fields && projectionFor(view.fields);
      const timing = window > 1 ? { maxTimeMs } : {};
      try {
        const batch = await this.scans.read({
          ...{ ...range, query: view.query, projection, limit, isSnapshot: view.parts !== undefined },
          ...timing,
        });
        return { batch, range, end, window };
      } catch (error) {
        if (window === 1 || !isTimeExceeded(error)) throw error;
      }
    }
  }

  /** Undefined where it takes long, or more memory than MongoDB gives a sort: few match, and no index tells which. */
  private async findFreely(asked: PageRequest, view: ReadView, limit: number): Promise<Found | undefined> {
    const range = rangeBehind(asked);
    const projection = view.fields && projectionFor(view.fields);
    const how = { isPlannedFreely: true, maxTimeMs: freeTimeMs };
    try {
      const batch = await this.scans.read({ ...range, query: view.query, projection, limit, ...how });
      return { batch, range, end: undefined, window: undefined };
    } catch (error) {
      if (isTimeExceeded(error) || isSortTooLarge(error)) return undefined;
      throw error;
    }
  }

  private async show(page: Page, { clusterTime }: RawBatch, range: Range, view: ReadView): Promise<Buffer[]> {
    const rows = splitDocuments(page.documents);
    if (!view.parts) return showsId(view.fields) ? rows : rows.map(withoutId);
    const upTo = page.last && { until: valueOf(page.last) };
    const where = filterOf({ ...range, ...upTo });
    const shown = await this.visible.show(rows, view.fields, view.parts, {
      ...{ collectionName: range.collectionName, where, clusterTime: clusterTime ?? range.at },
    });
    return shown.map(({ document, fields }) => (showsId(fields) ? document : withoutId(document)));
  }
}

const isEmpty = ({ batch }: Found): boolean => batch.starts.length === 0;

const rangeBehind = ({ collectionName, position, at }: PageRequest): Range => ({
  ...{ collectionName, at },
  ...(position && { after: position.after }),
});

/** A filter may be selective; what each row shows is then asked for by stretches of `_id`, which must be short. */
const mayPlanFreely = ({ position, isFiltered }: PageRequest, { parts }: ReadView): boolean =>
  isFiltered === true && !parts && position?.window === undefined;

const valueOf = (element: RawElement): unknown => valuesOf([element])[0];
