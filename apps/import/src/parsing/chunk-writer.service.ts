import type { Chunk } from '@keyport/codec';
import { writeRecords } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { FairShare } from '../intake/fair-share.ts';
import { outcomeOf } from './outcome.ts';

/** Nobody says that a killed service will not answer; asking again does no harm, the ledger answers. */
const answerWithinMs = 12_000;
/** A restart of records, mongod or nats-server takes seconds; after this the import is let rest and tried again. */
const retryForMs = 120_000;

const nothingWritten = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: [] };

/** Sends chunks to `records`, which writes each exactly once, whoever sends it and how often. */
@Injectable()
export class ChunkWriter {
  private readonly places: FairShare;

  constructor(
    private readonly requester: Requester,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.places = new FairShare(config.KEYPORT_IMPORT_WRITES);
  }

  async write(document: ImportDocument, chunk: Chunk, signal: AbortSignal): Promise<ChunkOutcome> {
    const count = chunk.rows - chunk.rejected.length;
    if (count === 0) return outcomeOf(chunk, nothingWritten);
    const release = await this.places.acquire(document._id);
    try {
      const { dataset, mode, key, grant } = document;
      const reply = await this.requester.request(
        writeRecords,
        {
          ...{ dataset, mode, key: [...key], source: document._id, sequence: chunk.number },
          ...{ documents: chunk.documents, count, hasOwnIds: chunk.hasOwnIds },
        },
        { authority: grant, timeoutMs: answerWithinMs, retryForMs, signal },
      );
      return outcomeOf(chunk, reply);
    } finally {
      release();
    }
  }
}
