import type { Caller } from '@keyport/access';
import { KeyportError, putRecord, type ReplyOf, type RequestOf, type WriteRejection } from '@keyport/contracts';
import { asBuffer, comparable, firstElement, joinDocument } from '@keyport/mongo';
import { Injectable } from '@nestjs/common';
import { BSON } from 'bson';
import { DatasetService } from '../datasets/dataset.service.ts';
import { DocumentMatcher } from '../limits/document-matcher.ts';
import { wholeRows } from '../limits/whole-rows.ts';
import { ChunkWriter } from '../writing/chunk-writer.service.ts';
import { pendingChunk } from '../writing/pending-chunk.ts';
import { WriteAttempts } from '../writing/write-attempts.ts';
import { writeLimitsOf, type WriteLimits } from '../writing/write-limits.ts';
import { idCandidates } from './record-id.ts';
import { invalidRecord, readRecord, type RecordRow } from './record-row.ts';
import { RecordRepository } from './record.repository.ts';

type PutRequest = RequestOf<typeof putRecord>;

/** Puts one record in the place that its id names: an upsert of one row, in a transaction that no ledger remembers. */
@Injectable()
export class PutRecordService {
  constructor(
    private readonly datasets: DatasetService,
    private readonly records: RecordRepository,
    private readonly attempts: WriteAttempts,
    private readonly writer: ChunkWriter,
    private readonly matcher: DocumentMatcher,
  ) {}

  async put({ dataset, id, json }: PutRequest, caller: Caller): Promise<ReplyOf<typeof putRecord>> {
    const limits = limitsOf(caller, dataset);
    const { id: datasetId, collectionName, schemaText } = await this.datasets.existing(dataset);
    const documents = await this.placed(readRecord(asBuffer(json), schemaText), id, collectionName);
    const chunk = pendingChunk(
      { dataset, datasetId, source: 'put', sequence: 0, mode: 'upsert', key: [], documents, count: 1, hasOwnIds: true },
      limits && { limits, verdicts: this.matcher.verdictsOn(limits.queries) },
    );
    const { inserted, rejected } = await this.attempts.run(chunk, (session) => this.writer.write(session, chunk));
    if (rejected[0]) throw refusalOf(rejected[0], dataset);
    return { created: inserted === 1 };
  }

  /** The document with the `_id` that the text means: its own, else that of a record that exists, else the likeliest. */
  private async placed({ document, hasOwnId }: RecordRow, text: string, collectionName: string): Promise<Buffer> {
    const candidates = idCandidates(text);
    if (hasOwnId) {
      const own = comparable(firstElement(document));
      if (candidates.some((id) => comparable(firstElement(idDocument(id))) === own)) return document;
      throw invalidRecord({ path: '_id', message: 'must be the id that the address names, or be left out' });
    }
    let [chosen] = candidates;
    for (const candidate of candidates.slice(1)) {
      if (await this.records.exists(collectionName, chosen)) break;
      if (await this.records.exists(collectionName, candidate)) chosen = candidate;
    }
    const bodyStart = firstElement(document)?.end;
    return joinDocument([idDocument(chosen).subarray(4, -1), document.subarray(bodyStart, -1)]);
  }
}

/** Throws INSUFFICIENT_SCOPE, and FIELD_NOT_ALLOWED: who may not write all fields of a record cannot replace it. */
function limitsOf(caller: Caller, dataset: string): WriteLimits | undefined {
  caller.require('records:create', dataset);
  caller.require('records:update', dataset);
  return writeLimitsOf({
    insert: [wholeRows(caller.limitsOn('records:create', dataset))],
    update: [wholeRows(caller.limitsOn('records:update', dataset))],
  });
}

const idDocument = (id: unknown): Buffer => Buffer.from(BSON.serialize({ _id: id }));

function refusalOf({ code, message, path }: WriteRejection, dataset: string): KeyportError {
  switch (code) {
    case 'ROW_NOT_ALLOWED':
      return new KeyportError('ROW_NOT_ALLOWED');
    case 'DUPLICATE_KEY':
      return new KeyportError('RECORD_KEY_TAKEN', { dataset, fields: path ?? '' });
    default:
      return invalidRecord({ path, code, message });
  }
}
