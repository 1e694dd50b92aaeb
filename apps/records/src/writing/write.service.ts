import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '@keyport/access';
import { jobId, KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ClientSession } from 'mongoose';
import { DryRuns } from '../dry-runs/dry-runs.repository.ts';
import { DocumentMatcher } from '../limits/document-matcher.ts';
import type { InsertedRows } from '../undoing/inserted-rows.ts';
import { ChunkWriter } from './chunk-writer.service.ts';
import { ledgerId, LedgerRepository } from './ledger.repository.ts';
import { pendingChunk, type PendingChunk, type WriteRequest } from './pending-chunk.ts';
import type { WriteReply } from './plan.ts';
import { WriteAttempts } from './write-attempts.ts';
import { writeLimitsOf } from './write-limits.ts';
import { onlyAsks, requireWrite } from './write-rights.ts';

@Injectable()
export class WriteService {
  constructor(
    private readonly attempts: WriteAttempts,
    private readonly writer: ChunkWriter,
    private readonly ledger: LedgerRepository,
    private readonly matcher: DocumentMatcher,
    private readonly dryRuns: DryRuns,
  ) {}

  async write(request: WriteRequest, caller: Caller): Promise<WriteReply> {
    const isAsking = onlyAsks(request, caller);
    const limits = isAsking ? undefined : writeLimitsOf(requireWrite(request, caller));
    const verdicts = limits && { limits, verdicts: this.matcher.verdictsOn(limits.queries) };
    const overlay = request.dryRun && !isAsking ? await this.dryRuns.open(request) : undefined;
    const chunk = pendingChunk(request, verdicts, overlay);
    // What the ledger holds of the chunk in the end; null where it was closed unwritten.
    const reply = await this.attempts.run<WriteReply | null>(
      chunk,
      (session) => (isAsking ? this.close(session, chunk) : this.attempt(session, chunk)),
      (session) => this.replyOf(session, request),
    );
    if (reply === null) throw new KeyportError('RIGHTS_LOST');
    return reply;
  }

  /** One transaction: the dataset as it is, the decision, the ledger entry and the rows. */
  private attempt(session: ClientSession, chunk: PendingChunk): Promise<WriteReply> {
    const { request } = chunk;
    return this.writer.write(session, chunk, {
      // Only jobs are undone.
      remembersInserts: !request.dryRun && jobId.safeParse(request.source).success,
      enter: (collectionName, reply, inserted) =>
        this.enter(session, request, request.dryRun ? null : collectionName, reply, inserted),
    });
  }

  /**
   * Takes the chunk's place in the ledger without writing it, so that a request for it that is still under way somewhere
   * cannot store rows which nobody will count.
   */
  private async close(session: ClientSession, { request }: PendingChunk): Promise<null> {
    await this.enter(session, request, null, null);
    return null;
  }

  private async enter(
    session: ClientSession,
    { source, sequence, dataset }: WriteRequest,
    collectionName: string | null,
    reply: WriteReply | null,
    rows?: InsertedRows,
  ): Promise<void> {
    const _id = ledgerId(source, sequence);
    const inserted = rows?.stored();
    await this.ledger.add(session, {
      ...{ _id, dataset, collectionName, reply, createdAt: new Date() },
      ...(inserted && { inserted }),
    });
  }

  private async replyOf(session: ClientSession, { source, sequence, dataset }: WriteRequest) {
    const entry = await this.ledger.find(session, ledgerId(source, sequence));
    if (!entry) await delay(20);
    if (!entry || entry.dataset === dataset) return entry?.reply;
    const message = `has written chunk ${sequence} to another dataset`;
    throw new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: 'source', code: 'custom', message }] });
  }
}
