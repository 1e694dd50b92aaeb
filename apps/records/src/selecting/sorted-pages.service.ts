import { randomUUID } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import {
  asBuffer,
  comparable,
  elementsOf,
  findBatches,
  findFirstBatch,
  firstElement,
  splitDocuments,
  valuesOf,
  type FindCommand,
  type RawBatch,
} from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { BSON, type Timestamp } from 'bson';
import type { mongo } from 'mongoose';
import { allOf } from '../limits/limit-filter.ts';
import { projectionFor } from '../limits/projection.ts';
import { showsId } from '../limits/read-view.ts';
import { VisibleRows } from '../limits/visible-rows.ts';
import { nextAverage, pageOf, recordsToAskFor, withoutId, type Page } from '../scanning/page.ts';
import type { PageRequest, ScannedPage } from '../scanning/scanned-page.ts';
import { Places } from '../sources/places.service.ts';
import { idStretches } from './id-stretches.ts';
import { orderPositionBytes, type OrderPosition } from './order-position.ts';
import { OrdersRepository, type OrderName } from './orders.repository.ts';
import type { Selection } from './selection.ts';
import { isSortTooLarge, isTimeExceeded } from './server-codes.ts';
import { sortDocument, type Sort } from './sort.ts';

/** Records that an order may have; their ids take about 25 bytes each while they are kept. */
const maxSorted = 1_000_000;
/** As documents with nothing else; large ids come to more. */
const maxSortedBytes = 64 * 1024 * 1024;
/** Milliseconds to sort; with a page behind it under export's 8 s for a page. */
const sortTimeMs = 5_000;

interface SortedRequest extends Omit<PageRequest, 'position'> {
  readonly dataset: string;
  readonly order: OrderPosition | undefined;
}

type Sorted = Selection & { readonly sort: Sort };

/** An order as far as it is known here: ids from its next record on. */
interface Stretch {
  readonly name: OrderName;
  readonly next: number;
  readonly total: number;
  readonly ids: readonly unknown[];
  /** False where it is the whole order, which nobody has needed to keep yet. */
  readonly isKept: boolean;
}

/**
 * Pages in an order of fields. A first page sorts the ids of all records and keeps them; pages then read by id. So a
 * record is given once whatever is written meanwhile, any process goes on, and a slow reader holds no cursor
 * (docs/adr/0016-sorted-pages-by-kept-ids.md).
 */
@Injectable()
export class SortedPages {
  constructor(
    private readonly places: Places,
    private readonly orders: OrdersRepository,
    private readonly visible: VisibleRows,
  ) {}

  async page(asked: SortedRequest, selection: Sorted): Promise<ScannedPage> {
    const stretch = asked.order ? await this.goOn(asked, asked.order, selection) : await this.begin(asked, selection);
    const { page, documents, read } = await this.read(asked, selection, stretch.ids);
    const averageBytes = nextAverage(page, asked.averageBytes);
    const next = stretch.next + read;
    const [first] = documents;
    const together = first && documents.length === 1 ? first : Buffer.concat(documents);
    const where = { last: undefined, lastShown: page.last };
    const shown = { documents: together, count: documents.length, ...where, averageBytes };
    if (next >= stretch.total) return shown;
    if (!stretch.isKept) await this.orders.store(stretch.name, 0, stretch.ids);
    const { order } = stretch.name;
    return { ...shown, behind: orderPositionBytes({ order, next, total: stretch.total, averageBytes }) };
  }

  private async goOn({ collectionName }: SortedRequest, at: OrderPosition, { sort }: Sorted): Promise<Stretch> {
    const { order, next, total } = at;
    const name = { order, collectionName, sort: textOf(sort) };
    const ids = await this.orders.idsFrom(name, next);
    if (!ids || ids.length === 0) throw new KeyportError('SORT_EXPIRED');
    return { name, next, total, ids, isKept: true };
  }

  /** Throws SORT_TOO_LARGE. */
  private async begin(asked: SortedRequest, { sort, view }: Sorted): Promise<Stretch> {
    const name = { order: randomUUID(), collectionName: asked.collectionName, sort: textOf(sort) };
    const limit = Math.min(asked.limit ?? maxSorted + 1, maxSorted + 1);
    try {
      const listed = await this.places.in(asked.collectionName, ({ db, name: find }) =>
        this.list(db, { find, filter: view.query ?? {}, sort: sortDocument(sort), limit, ...readAt(asked.at) }, name),
      );
      return { name, next: 0, ...listed, isKept: listed.total > listed.ids.length };
    } catch (error) {
      await this.orders.forget(name.order);
      const isTooLarge = error instanceof SortTooLarge || isSortTooLarge(error) || isTimeExceeded(error);
      if (!isTooLarge) throw error;
      const params = { dataset: asked.dataset, limit: maxSorted };
      throw new KeyportError('SORT_TOO_LARGE', params, { cause: error });
    }
  }

  /** Keeps all ids where they are more than one stretch; the first is given back. Throws {@link SortTooLarge}. */
  private async list(db: mongo.Db, wanted: FindCommand, name: OrderName): Promise<Pick<Stretch, 'ids' | 'total'>> {
    const how = { projection: { _id: 1 }, allowDiskUse: false, maxTimeMS: sortTimeMs };
    const session = db.client.startSession();
    let first: readonly unknown[] = [];
    let total = 0;
    let size = 0;
    try {
      const command = { ...wanted, ...how };
      for await (const batch of findBatches(db, command, session)) {
        size += batch.bytes.length;
        for (const ids of idStretches(batch)) {
          if (total > 0 && total === first.length) await this.orders.store(name, 0, first);
          if (total === 0) first = ids;
          else await this.orders.store(name, total, ids);
          total += ids.length;
        }
        if (total > maxSorted || size > maxSortedBytes) throw new SortTooLarge();
      }
    } finally {
      await session.endSession();
    }
    return { ids: first, total };
  }

  /** Those of the ids that are still there and still match, as many as fit; `read` counts the ids that are done with. */
  private async read(asked: SortedRequest, { view }: Sorted, ids: readonly unknown[]) {
    const { collectionName, maxBytes, averageBytes } = asked;
    for (let count = recordsToAskFor(maxBytes, averageBytes, asked.limit); ; count = Math.ceil(count / 2)) {
      const wanted = ids.slice(0, count);
      const where = allOf({ _id: { $in: wanted } }, view.query);
      const batch = await this.find(collectionName, where, view, wanted.length, asked.at);
      // A reply has 16 MB at most, in no order: what is not in it may be there all the same.
      if (!batch.isWhole && wanted.length > 1) continue;
      const places = placesOf(wanted);
      const placeOf = (start: number) => places.get(comparable(firstElement(batch.bytes, start))) ?? 0;
      const starts = batch.starts.toSorted((one, other) => placeOf(one) - placeOf(other));
      const page = pageOf({ ...batch, starts }, { maxBytes, limit: asked.limit, withId: true });
      const firstLeft = starts[page.count];
      const read = firstLeft === undefined ? wanted.length : placeOf(firstLeft);
      return { page, read, documents: await this.show(page, batch, asked, view) };
    }
  }

  private find(
    collectionName: string,
    filter: BSON.Document,
    { fields, parts }: Sorted['view'],
    count: number,
    at: Timestamp | undefined,
  ) {
    const command = {
      filter,
      ...(fields && { projection: projectionFor(fields) }),
      hint: { _id: 1 },
      // One more, so that the server keeps no cursor.
      batchSize: count + 1,
      ...readAt(at, parts ? 'snapshot' : 'majority'),
    };
    return this.places.in(collectionName, ({ db, name }) => findFirstBatch(db, { find: name, ...command }));
  }

  private async show(page: Page, { clusterTime }: RawBatch, { collectionName }: SortedRequest, view: Sorted['view']) {
    const rows = splitDocuments(page.documents);
    if (!view.parts) return showsId(view.fields) ? rows : rows.map(withoutId);
    const where = { _id: { $in: idsOf(rows) } };
    const shown = await this.visible.show(rows, view.fields, view.parts, { collectionName, where, clusterTime });
    return shown.map(({ document, fields }) => (showsId(fields) ? document : withoutId(document)));
  }
}

class SortTooLarge extends Error {}

/** One state of the database, where it must be that of other pages too. */
const readAt = (at: Timestamp | undefined, level = 'majority'): Pick<FindCommand, 'readConcern'> => ({
  readConcern: at ? { level: 'snapshot', atClusterTime: at } : { level },
});

/** Numbers of ids, by what tells them apart. */
function placesOf(ids: readonly unknown[]): ReadonlyMap<string, number> {
  const list = asBuffer(BSON.serialize({ ids }));
  const start = firstElement(list)?.valueStart ?? 0;
  return new Map(Array.from(elementsOf(list, start), (id, index) => [comparable(id), index]));
}

const idsOf = (rows: readonly Buffer[]): unknown[] => valuesOf(rows.flatMap((row) => firstElement(row) ?? []));

const textOf = (sort: Sort): string => JSON.stringify(sort.map(({ path, direction }) => [path, direction]));
