import { createHash } from 'node:crypto';
import { writeRecords, type Dataset } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Injectable } from '@nestjs/common';
import { parseRow } from '../parsing/rows.ts';
import { isFinal } from './failures.ts';
import { IngestStream } from './ingest-stream.ts';
import { IngestTargets } from './ingest-targets.ts';
import { rowOf, type RecordEvent } from './record-event.ts';

/** What an event came to; a reason where it cannot be written, now or later. */
export type Ingested = { readonly kind: 'written' } | { readonly kind: 'refused'; readonly reason: string };

const written: Ingested = { kind: 'written' };
const refused = (reason: string): Ingested => ({ kind: 'refused', reason });

/** Writes one event as a record, exactly once however often it is delivered: its stream sequence is the chunk's. */
@Injectable()
export class IngestWriter {
  constructor(
    private readonly requester: Requester,
    private readonly targets: IngestTargets,
    private readonly stream: IngestStream,
  ) {}

  /** Throws where the surroundings do not let it be written now. */
  async write(event: RecordEvent, sequence: number): Promise<Ingested> {
    try {
      const { grant, dataset } = await this.targets.find(event.dataset);
      const chunk = this.parse(rowOf(event, dataset.key ?? []), dataset, sequence);
      if (chunk.documents.length === 0) return refused(chunk.rejected[0]?.message ?? 'the record is empty');
      const { documents, hasOwnIds } = chunk;
      const reply = await this.requester.request(
        writeRecords,
        {
          ...{ dataset: dataset.name, mode: 'upsert' as const, key: dataset.key ?? [] },
          ...{ source: this.stream.source, sequence, documents, count: 1, hasOwnIds },
        },
        { authority: grant },
      );
      return reply.rejected[0] ? refused(reply.rejected[0].message) : written;
    } catch (error) {
      if (isFinal(error)) return refused(error.message);
      throw error;
    }
  }

  private parse(row: string, { schema }: Dataset, sequence: number) {
    // Eight bytes of a hash, where an import has its id: the same event always makes the same `_id`.
    const idPrefix = createHash('sha256').update(`${this.stream.source}:${sequence}`).digest().subarray(0, 8);
    return parseRow(Buffer.from(row), { idPrefix, schema });
  }
}
