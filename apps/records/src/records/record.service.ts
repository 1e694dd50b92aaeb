import type { Caller } from '@keyport/access';
import { deleteRecord, getRecord, KeyportError, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { DatasetService } from '../datasets/dataset.service.ts';
import { readViewOf } from '../limits/read-view.ts';
import { wholeRows } from '../limits/whole-rows.ts';
import { idCandidates } from './record-id.ts';
import { RecordRepository } from './record.repository.ts';
import { relaxedJson } from './relaxed-json.ts';

/** Less than NATS's `max_payload` of 8 MB. */
const maxJsonBytes = 7_000_000;

/** What a caller may not see is for them as if it were not there. */
@Injectable()
export class RecordService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly records: RecordRepository,
  ) {}

  async get({ dataset, id }: RequestOf<typeof getRecord>, caller: Caller): Promise<ReplyOf<typeof getRecord>> {
    caller.require('records:read', dataset);
    const view = readViewOf(caller.limitsOn('records:read', dataset), undefined);
    const { collectionName } = await this.datasets.existing(dataset);
    for (const candidate of idCandidates(id)) {
      const found = await this.records.find(collectionName, candidate, view);
      if (found) return { json: jsonOf(found, dataset) };
    }
    throw new KeyportError('RECORD_NOT_FOUND', { dataset });
  }

  async delete({ dataset, id }: RequestOf<typeof deleteRecord>, caller: Caller): Promise<ReplyOf<typeof deleteRecord>> {
    caller.require('records:delete', dataset);
    const { query } = readViewOf(wholeRows(caller.limitsOn('records:delete', dataset)), undefined);
    const { collectionName } = await this.datasets.existing(dataset);
    for (const candidate of idCandidates(id)) {
      if (await this.records.delete(collectionName, candidate, query)) return {};
    }
    throw new KeyportError('RECORD_NOT_FOUND', { dataset });
  }
}

/** A record's text may be six times as long as the record: a control character takes six bytes. */
function jsonOf(record: Buffer, dataset: string): Buffer {
  const json = Buffer.from(relaxedJson(record));
  if (json.length > maxJsonBytes) throw new KeyportError('RECORD_TOO_LARGE', { dataset });
  return json;
}
