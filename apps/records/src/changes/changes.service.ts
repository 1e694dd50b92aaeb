import type { Caller } from '@keyport/access';
import { KeyportError, readChanges, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { readViewOf, showsId, type ReadView } from '../limits/read-view.ts';
import { readAction } from '../scanning/read-action.ts';
import type { IncrementPosition } from './change-cursor.ts';
import { ChangeProgress } from './change-progress.service.ts';
import { IncrementReply } from './increment-reply.service.ts';
import { Increments } from './increments.service.ts';
import { SinceCursors } from './since-cursors.service.ts';

type ChangesRequest = RequestOf<typeof readChanges>;

/** Where nothing is known yet. */
const assumedBytes = 512;

/** What changed in a dataset since a cursor, page after page. */
@Injectable()
export class ChangesService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly progress: ChangeProgress,
    private readonly increments: Increments,
    private readonly cursors: SinceCursors,
    private readonly replies: IncrementReply,
  ) {}

  async page(request: ChangesRequest, caller: Caller): Promise<ReplyOf<typeof readChanges>> {
    const { dataset: name, datasetId, maxBytes } = request;
    const { fields } = viewOf(request, caller);
    const dataset = await this.datasets.existing(name, datasetId);
    const at = await this.positionOf(request, dataset);
    const page = await this.increments.page(dataset.collectionName, at, { fields, maxBytes });
    // What was forgotten meanwhile may be missing in the page.
    await this.progress.requireKept(dataset, at.history, at.seq);
    const since = await this.cursors.textOf({ history: at.history, seq: at.upTo });
    const shown = await this.replies.shownOf(page, dataset);
    return { datasetId: dataset.id, since, ...shown, ...(await this.replies.nextOf(page.next)) };
  }

  private async positionOf({ from }: ChangesRequest, dataset: DatasetDefinition): Promise<IncrementPosition> {
    if ('next' in from) return this.replies.read(from.next);
    const { history, seq } = await this.cursors.read(from.since);
    await this.progress.requireKept(dataset, history, seq);
    const kept = await this.progress.untilNow(dataset);
    if (kept.history.id !== history) throw new KeyportError('CURSOR_EXPIRED', { dataset: dataset._id });
    return { history, seq, upTo: kept.seq, time: kept.before, averageBytes: assumedBytes };
  }
}

/** Throws CHANGES_NOT_ALLOWED for who does not see all rows, FIELD_NOT_ALLOWED for who does not see `_id`. */
function viewOf({ dataset, fields }: ChangesRequest, caller: Caller): ReadView {
  const limits = caller.limitsOn(readAction(dataset, caller), dataset);
  const view = readViewOf(limits, fields && ['_id', ...fields]);
  if (view.query !== undefined || view.parts !== undefined) throw new KeyportError('CHANGES_NOT_ALLOWED', { dataset });
  if (!showsId(view.fields)) throw new KeyportError('FIELD_NOT_ALLOWED', { field: '_id' });
  return view;
}
