import { KeyportError } from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import type { ChunkOutcome } from '../imports/chunk-outcome.ts';
import type { StoredPosition } from '../imports/import.model.ts';
import { ChunkWriter } from '../parsing/chunk-writer.service.ts';
import { ChunkDoubts } from './chunk-doubts.service.ts';
import { ChunkPipeline, type Settled } from './chunk-pipeline.ts';
import { ChunkSource, type PlacedChunk } from './chunk-source.service.ts';
import type { ImportRun } from './import-run.ts';
import { ProgressRepository } from './progress.repository.ts';
import { HoldersLostError, isRefusal, maxLostHolders, RunStop } from './run-ending.ts';
import { SpoolPurge } from './spool-purge.service.ts';
import { detailsAtOnce } from '../rejects/rejected-rows.repository.ts';

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
  ) {}

  async work(run: ImportRun): Promise<WorkDone> {
    // Its last holder was killed between the chunk that had one too many and the end of the import.
    if (run.mayReject < 0) return endedBy(tooManyRejects(run));
    if (run.lostHolders >= maxLostHolders) {
      return endedBy(run.isEnding ? run.requestedEnd : new HoldersLostError(run.lostHolders));
    }
    if (run.isEnding) return endedBy(run.requestedEnd, await this.doubts.settle(run));
    const pipeline = new ChunkPipeline<PlacedChunk, Written>({
      ...run.window,
      // Each commit is a transaction of its own; the reader goes on with the other half meanwhile.
      together: run.window.uncommitted / 2,
      size: { of: ({ outcome }) => outcome.rejected.length, atOnce: detailsAtOnce },
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
      stragglers: settled?.stragglers.map(({ outcome }) => outcome) ?? [],
      settled: settled !== undefined && isKnown(settled),
    };
  }

  /** Sends chunks until there are no more, or something ends the run. */
  private async feed(run: ImportRun, pipeline: ChunkPipeline<PlacedChunk, Written>) {
    let inDoubt = run.isCatchingUp ? run.chunksInDoubt : Infinity;
    try {
      for await (const placed of this.source.chunks(run)) {
        await pipeline.push(placed, { alone: this.mustBeAlone(run, placed), signal: run.signal });
        if (run.isSuspect) await pipeline.settle();
        inDoubt -= 1;
        if (inDoubt === 0) break;
      }
      // The last chunk's commit may be the one that finds too many rejects.
      await pipeline.settle();
      run.signal.throwIfAborted();
      if (!run.isCatchingUp) return undefined;
      run.caughtUp();
      return { error: new RunStop('paused') };
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
    const outcomes = written.map(({ outcome }) => outcome);
    await this.progress.advance(run.hold, { outcomes, position: last.next, received: run.upload.received });
    run.committed(outcomes, last.next.spool);
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
