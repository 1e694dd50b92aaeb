import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { LimitedPages } from '../scanning/limited-pages.service.ts';
import type { PageRequest, ScannedPage } from '../scanning/scanned-page.ts';
import { positionOf, type ScanPosition } from '../scanning/scan-cursor.ts';
import { orderPositionOf, type OrderPosition } from './order-position.ts';
import type { Selection } from './selection.ts';
import { isRefusedQuery } from './server-codes.ts';
import { SortedPages } from './sorted-pages.service.ts';

export type SelectedRequest = Omit<PageRequest, 'position'> & Start;

/** Where a page begins: behind an `_id`, or within an order. */
export interface Start {
  readonly position?: ScanPosition | undefined;
  readonly order?: OrderPosition | undefined;
}

/** Where a page of a selection begins, by what a page before it told or by the `_id` that the caller names. */
export function startOf(opened: Uint8Array | undefined, selection: Selection, collectionName: string): Start {
  if (opened)
    return selection.sort ? { order: orderPositionOf(opened) } : { position: positionOf(opened, collectionName) };
  if (!selection.after) return {};
  return { position: { collectionName, after: selection.after.id, averageBytes: undefined, window: undefined } };
}

/** Pages of a part of a dataset: filtered, limited or in another order than that of `_id`. */
@Injectable()
export class SelectedPages {
  constructor(
    private readonly limited: LimitedPages,
    private readonly sorted: SortedPages,
  ) {}

  /** Throws VALIDATION_FAILED where MongoDB refuses filter or order: not all that it does is known before. */
  async page(asked: SelectedRequest, selection: Selection, { _id: dataset }: DatasetDefinition): Promise<ScannedPage> {
    const { sort, view, isFiltered } = selection;
    const { position, order, ...rest } = asked;
    try {
      if (sort) return await this.sorted.page({ ...rest, dataset, order }, { ...selection, sort });
      return await this.limited.page({ ...rest, position, isFiltered }, view);
    } catch (error) {
      if (!isRefusedQuery(error)) throw error;
      const problem = { path: sort ? 'sort' : 'filter', code: 'custom', message: (error as Error).message };
      throw new KeyportError('VALIDATION_FAILED', {}, { errors: [problem], cause: error });
    }
  }
}
