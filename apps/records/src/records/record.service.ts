import type { Caller } from '@keyport/access';
import { getRecord, KeyportError, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { DatasetDefinition } from '../datasets/dataset.model.ts';
import { DatasetService } from '../datasets/dataset.service.ts';
import { readViewOf, type ReadView } from '../limits/read-view.ts';
import { CursorSeal } from '../scanning/cursor-seal.ts';
import { elementOf, largeRecordBytes } from '../scanning/large-record.ts';
import { Snapshots } from '../scanning/snapshots.service.ts';
import { idCandidates } from './record-id.ts';
import { RecordRepository } from './record.repository.ts';
import { relaxedJson } from './relaxed-json.ts';

/** Less than NATS's `max_payload` of 8 MB; a record of so many bytes is not tried. */
const maxJsonBytes = 7_000_000;

/** What a caller may not see is for them as if it were not there. */
@Injectable()
export class RecordService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly records: RecordRepository,
    private readonly snapshots: Snapshots,
    private readonly seal: CursorSeal,
  ) {}

  async get({ dataset, id }: RequestOf<typeof getRecord>, caller: Caller): Promise<ReplyOf<typeof getRecord>> {
    caller.require('records:read', dataset);
    const view = readViewOf(caller.limitsOn('records:read', dataset), undefined);
    const definition = await this.datasets.existing(dataset);
    for (const candidate of idCandidates(id)) {
      const found = await this.records.find(definition.collectionName, candidate, view);
      const json = found && jsonOf(found);
      if (json) return { json };
      const large = found && (await this.largeName(definition, candidate, view));
      if (large) return { datasetId: definition.id, large };
    }
    throw new KeyportError('RECORD_NOT_FOUND', { dataset });
  }

  /** Undefined where the record was deleted meanwhile. */
  private async largeName(definition: DatasetDefinition, id: unknown, view: ReadView): Promise<Uint8Array | undefined> {
    const { collectionName } = definition;
    const at = await this.snapshots.newest(definition);
    const found = await this.records.find(collectionName, id, view, at);
    return found && this.seal.seal(largeRecordBytes(elementOf(id), collectionName, at, found));
  }
}

/** Undefined where no message carries it: a record's text may be six times as long, a control character takes six bytes. */
function jsonOf(record: Buffer): Buffer | undefined {
  if (record.length > maxJsonBytes) return undefined;
  const json = Buffer.from(relaxedJson(record));
  return json.length > maxJsonBytes ? undefined : json;
}
