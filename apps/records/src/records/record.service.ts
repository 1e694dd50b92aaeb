import type { Caller } from '@keyport/access';
import { deleteRecord, getRecord, KeyportError, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { DatasetService } from '../datasets/dataset.service.ts';
import { idCandidates } from './record-id.ts';
import { RecordRepository } from './record.repository.ts';
import { relaxedJson } from './relaxed-json.ts';

@Injectable()
export class RecordService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly records: RecordRepository,
  ) {}

  async get({ dataset, id }: RequestOf<typeof getRecord>, caller: Caller): Promise<ReplyOf<typeof getRecord>> {
    caller.require('records:read', dataset);
    const { collectionName } = await this.datasets.existing(dataset);
    for (const candidate of idCandidates(id)) {
      const found = await this.records.find(collectionName, candidate);
      if (found) return { json: relaxedJson(found) };
    }
    throw new KeyportError('RECORD_NOT_FOUND', { dataset });
  }

  async delete({ dataset, id }: RequestOf<typeof deleteRecord>, caller: Caller): Promise<ReplyOf<typeof deleteRecord>> {
    caller.require('records:delete', dataset);
    const { collectionName } = await this.datasets.existing(dataset);
    for (const candidate of idCandidates(id)) {
      if (await this.records.delete(collectionName, candidate)) return {};
    }
    throw new KeyportError('RECORD_NOT_FOUND', { dataset });
  }
}
