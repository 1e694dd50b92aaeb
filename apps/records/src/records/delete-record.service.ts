import type { Caller } from '@keyport/access';
import { KeyportError, type deleteRecord, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { retriedTransaction } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DatasetRepository } from '../datasets/dataset.repository.ts';
import type { Query } from '../limits/limit-filter.ts';
import { readViewOf } from '../limits/read-view.ts';
import { wholeRows } from '../limits/whole-rows.ts';
import { DatasetSessions } from '../sources/dataset-sessions.service.ts';
import { NotedChanges } from '../telling/noted-changes.repository.ts';
import { idCandidates } from './record-id.ts';
import { RecordRepository } from './record.repository.ts';

type DeleteRequest = RequestOf<typeof deleteRecord>;

/** Less than the contract's deadline, more than a killed writer's transaction lives (10 s in the stack). */
const retryForMs = 20_000;
/** From here on it may be a transaction that nobody goes on with. */
const suspiciousConflicts = 4;

/** Deletes one record, in a transaction with the note of it. */
@Injectable()
export class DeleteRecordService {
  constructor(
    private readonly sessions: DatasetSessions,
    private readonly datasets: DatasetRepository,
    private readonly records: RecordRepository,
    private readonly changes: NotedChanges,
  ) {}

  /** What a caller may not see is for them as if it were not there: RECORD_NOT_FOUND. */
  async delete(request: DeleteRequest, caller: Caller): Promise<ReplyOf<typeof deleteRecord>> {
    const { dataset } = request;
    caller.require('records:delete', dataset);
    const { query } = readViewOf(wholeRows(caller.limitsOn('records:delete', dataset)), undefined);
    const isDeleted = await this.sessions.use(dataset, (session, sessions) =>
      retriedTransaction(session, () => this.attempt(session, request, query), {
        retryForMs,
        beforeRetry: async (failed) => {
          if (failed >= suspiciousConflicts) await sessions.endOrphans();
        },
      }),
    );
    if (!isDeleted) throw new KeyportError('RECORD_NOT_FOUND', { dataset });
    return {};
  }

  private async attempt(
    session: ClientSession,
    { dataset: name, id }: DeleteRequest,
    query: Query | undefined,
  ): Promise<boolean> {
    const dataset = await this.datasets.findIn(session, name);
    if (!dataset) throw new KeyportError('DATASET_NOT_FOUND', { dataset: name });
    for (const candidate of idCandidates(id)) {
      if (!(await this.records.delete(session, dataset.collectionName, candidate, query))) continue;
      await this.changes.note(session, dataset, { inserted: 0, updated: 0, deleted: 1 });
      return true;
    }
    return false;
  }
}
