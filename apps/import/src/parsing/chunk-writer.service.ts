import { setTimeout as delay } from 'node:timers/promises';
import type { Chunk } from '@keyport/codec';
import { writeRecords, type ReplyOf } from '@keyport/contracts';
import { giveBack, isWorthRepeating, Requester } from '@keyport/messaging';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import type { ImportDocument } from '../imports/import.model.ts';
import { FairShare } from '../intake/fair-share.ts';
import { outcomeOf } from './outcome.ts';

/** A restart of records, mongod or nats-server takes seconds; after this the import is let rest and tried again. */
const retryForMs = 120_000;
const longestPauseMs = 1_000;

interface WriteOptions {
  readonly mayReject: number;
  readonly signal: AbortSignal;
}

const nothingWritten = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, skipped: 0, rejected: [] };

/** Sends chunks to `records`, which writes each exactly once, whoever sends it and how often. */
@Injectable()
export class ChunkWriter {
  private readonly places: FairShare;
  /** Nobody says that a killed service will not answer; asking again does no harm, the ledger answers. */
  private readonly answerWithinMs: number;

  constructor(
    private readonly requester: Requester,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.places = new FairShare(config.KEYPORT_IMPORT_WRITES);
    this.answerWithinMs = config.KEYPORT_IMPORT_ANSWER_SECONDS * 1000;
  }

  /** `mayReject`: rows that may be rejected; behind one more than that nothing is written. */
  async write(document: ImportDocument, chunk: Chunk, { mayReject, signal }: WriteOptions): Promise<ChunkOutcome> {
    const count = chunk.rows - chunk.rejected.length;
    if (count === 0) return outcomeOf(chunk, nothingWritten, mayReject);
    const until = Date.now() + retryForMs;
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const outcome = outcomeOf(chunk, await this.writeOnce(document, chunk, count, mayReject), mayReject);
        chunk.buffers.forEach(giveBack);
        return outcome;
      } catch (error) {
        if (!isWorthRepeating(error) || signal.aborted || Date.now() + pauseMs > until) throw error;
      }
      // Without a place: what cannot be written now keeps no other import waiting.
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async writeOnce(
    document: ImportDocument,
    chunk: Chunk,
    count: number,
    mayReject: number,
  ): Promise<ReplyOf<typeof writeRecords>> {
    const { _id: source, creator, dataset, datasetId, mode, key, grant, dryRun } = document;
    const release = await this.places.acquire({ holder: creator, job: source });
    try {
      return await this.requester.request(
        writeRecords,
        {
          ...{ dataset, datasetId, mode, key: [...key], source, sequence: chunk.number },
          ...{ documents: chunk.documents, count, hasOwnIds: chunk.hasOwnIds },
          ...(dryRun && { dryRun: true }),
          ...(mayReject !== Infinity && { rejectionLimit: { max: mayReject, refusedBefore: refusedBefore(chunk) } }),
        },
        { authority: grant, timeoutMs: this.answerWithinMs },
      );
    } finally {
      release();
    }
  }
}

/** By row that the parser refused: the index of the document it stands before. */
function refusedBefore({ rejected, rowNumbers }: Chunk): number[] {
  let index = 0;
  return rejected.map(({ row }) => {
    while (index < rowNumbers.length && (rowNumbers[index] ?? 0) < row) index += 1;
    return index;
  });
}
