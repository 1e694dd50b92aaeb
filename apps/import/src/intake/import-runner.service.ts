import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import type { StoredPosition } from '../imports/import.model.ts';
import { ChunkWriter } from '../parsing/chunk-writer.service.ts';
import { ChunkDoubts } from './chunk-doubts.service.ts';
import { ChunkPipeline, type Settled } from './chunk-pipeline.ts';
import { ChunkSource, type PlacedChunk } from './chunk-source.service.ts';
import type { ImportRun } from './import-run.ts';
import { ProgressRepository } from './progress.repository.ts';
import { HoldersLostError, isRefusal, maxLostHolders } from './run-ending.ts';
import { SpoolPurge } from './spool-purge.service.ts';
import { keepDetails } from './reject-details.ts';

/** A chunk that was written. */
interface Written {
  readonly outcome: ChunkOutcome;
  readonly next: StoredPosition;
}

/** Why no more chunks came; undefined at the end of the file. */
export interface WorkDone {
  readonly cause: { readonly error: unknown } | undefined;
  /** Chunks that were written and are not counted yet: behind one that failed, or by a holder before. */
  readonly stragglers: readonly ChunkOutcome[];
  /** Nothing that was sent to the writer is uncounted, stragglers aside. */
  readonly settled: boolean;
}

/**
 * Rejected rows that one transaction stores: mongod ends one that takes 10 s (`transactionLifetimeLimitSeconds`), which
 * begins anew then, and imports side by side that are full of faults would not get ahead any more.
 */
const rejectsAtOnce = 2_000;

/** After a stop of the process, chunks under way are waited for so long. */
const shutdownGraceMs = 3_000;

/** Takes one import from its stored position as far as it goes: reads, writes and commits chunk after chunk. */
@Injectable()
export class ImportRunner {
  constructor(
    private readonly source: ChunkSource,
    private readonly writer: ChunkWriter,
    private readonly doubts: ChunkDoubts,
    private readonly progress: ProgressRepository,
    private readonly spool: SpoolPurge,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  async work(run: ImportRun): Promise<WorkDone> {
    // Its last holder was killed between the chunk that had one too many and the end of the import.
    if (run.mayReject < 0) return endedBy(tooManyRejects(run));
    if (run.lostHolders >= maxLostHolders) {
      return endedBy(run.isEnding ? run.requestedEnd : new HoldersLostError(run.lostHolders));
    }
    if (run.isEnding) return endedBy(run.requestedEnd, this.kept(run, await this.doubts.settle(run)));
    const pipeline = new ChunkPipeline<PlacedChunk, Written>({
      ...run.window,
      size: { of: ({ outcome }) => outcome.rejected.length, atOnce: rejectsAtOnce },
      write: async ({ chunk, next }) => ({
        outcome: await this.writer.write(run.document, chunk, { mayReject: run.mayReject, signal: run.signal }),
        next,
      }),
      commit: (written) => this.commit(run, written),
    });
    const stopped = await this.feed(run, pipeline);
    const settled = await this.settle(run, pipeline);
    return {
      cause: settled?.failure ?? stopped,
      stragglers: this.kept(run, settled?.stragglers.map(({ outcome }) => outcome) ?? []),
      settled: settled !== undefined && isKnown(settled),
    };
  }

  private kept(run: ImportRun, outcomes: readonly ChunkOutcome[]): readonly ChunkOutcome[] {
    return keepDetails(outcomes, this.config.KEYPORT_REJECTS_KEPT - run.rejectsKept);
  }

  /** Sends chunks until there are no more, or something ends the run. */
  private async feed(run: ImportRun, pipeline: ChunkPipeline<PlacedChunk, Written>) {
    try {
      for await (const placed of this.source.chunks(run)) {
        await pipeline.push(placed, { alone: this.mustBeAlone(run, placed), signal: run.signal });
        if (run.isSuspect) await pipeline.settle();
      }
      // The last chunk's commit may be the one that finds too many rejects.
      await pipeline.settle();
      run.signal.throwIfAborted();
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Rows with keys or ids of their own may meet rows of the chunk before; made ids never meet. */
  private mustBeAlone({ document }: ImportRun, { chunk }: PlacedChunk): boolean {
    return document.key.length > 0 || chunk.hasOwnIds;
  }

  private async commit(run: ImportRun, written: readonly Written[]): Promise<void> {
    const last = written.at(-1);
    if (!last) return;
    const outcomes = this.kept(
      run,
      written.map(({ outcome }) => outcome),
    );
    await this.progress.advance(run.hold, { outcomes, position: last.next, received: run.upload.received });
    run.committed(outcomes);
    this.spool.behind(run, last.next.spool);
    if (run.mayReject < 0) run.stop(tooManyRejects(run));
  }

  /** Undefined where the process has no time left to wait. */
  private async settle(run: ImportRun, pipeline: ChunkPipeline<PlacedChunk, Written>) {
    const settling = pipeline.settle();
    if (!run.isShutdown) return settling;
    let timer: NodeJS.Timeout | undefined;
    const outOfTime = new Promise<Settled<Written> | undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), shutdownGraceMs);
    });
    try {
      return await Promise.race([settling, outOfTime]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const endedBy = (error: Error, stragglers: readonly ChunkOutcome[] = []): WorkDone => ({
  cause: { error },
  stragglers,
  settled: true,
});

/** Of every chunk that was sent it is known what became of it: it has a result, or its refusal closed it for ever. */
const isKnown = ({ failure, failures }: Settled<Written>): boolean =>
  !failure || (isRefusal(failure.error) && failures.every(isRefusal));

/** Nothing behind the row that was one too many is read, so that it is the last one counted. */
const tooManyRejects = ({ read, maxErrors }: ImportRun) =>
  new KeyportError('TOO_MANY_REJECTS', { row: read, maxErrors });
