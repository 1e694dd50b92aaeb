import { Injectable, Logger } from '@nestjs/common';
import { DryRunEnding } from '../imports/dry-run-ending.service.ts';
import { IdleUploads } from './idle-uploads.service.ts';
import type { ImportRun } from './import-run.ts';
import type { WorkDone } from './import-runner.service.ts';
import { LeasesRepository } from './leases.repository.ts';
import { LeaseLostError, ProgressRepository, type End } from './progress.repository.ts';
import { backOffMs, endingOf, endsFromOutside, type RunEnding } from './run-ending.ts';
import { SpoolPurge } from './spool-purge.service.ts';

/** Stores what a run over an import came to: the import's end, or its lease for somebody else. */
@Injectable()
export class Conclusion {
  private readonly logger = new Logger('import');

  constructor(
    private readonly progress: ProgressRepository,
    private readonly leases: LeasesRepository,
    private readonly idle: IdleUploads,
    private readonly purge: SpoolPurge,
    private readonly dryRuns: DryRunEnding,
  ) {}

  /** Never throws: what could not be stored is found by the next holder, once the lease has run out. */
  async conclude(run: ImportRun, done: WorkDone): Promise<void> {
    try {
      await this.purge.rest(run);
      if (!done.cause) await this.complete(run);
      else await this.apply(run, done, endingOf(done.cause.error, run.failures), done.cause.error);
    } catch (error) {
      if (error instanceof LeaseLostError) return;
      this.logger.error({ err: error, importId: run.importId }, 'the end of a run was not stored');
    }
  }

  private async apply(run: ImportRun, done: WorkDone, ending: RunEnding, error: unknown): Promise<void> {
    const { settled, stragglers } = done;
    if (isInDoubt(run, done, ending)) return this.handOn(run, ending);
    switch (ending.kind) {
      case 'cancel':
        return this.end(run, { event: 'cancel', outcomes: stragglers });
      case 'fail':
        return this.fail(run, done, ending, error);
      case 'drop':
        return;
      case 'hand back':
        return this.leases.release(run.hold, { settled: settled && run.chunksInDoubt === 0, forMs: 0 });
      case 'set aside':
        return this.idle.setAside(run);
      case 'try again': {
        this.logger.warn({ err: error, importId: run.importId, stragglers: stragglers.length }, 'a run is tried again');
        const failures = run.failures + (ending.counted ? 1 : 0);
        return this.leases.release(run.hold, { settled: false, forMs: backOffMs(failures), failures });
      }
    }
  }

  private async complete(run: ImportRun): Promise<void> {
    try {
      await this.end(run, { event: 'complete', processed: run.upload.sealedLength ?? undefined });
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      // Paused at its last row: it completes once it is resumed. Of an import that was taken over nothing is changed.
      await this.leases.release(run.hold, { settled: true, forMs: 0 });
    }
  }

  private async fail(
    run: ImportRun,
    { stragglers }: WorkDone,
    { code, params }: Extract<RunEnding, { kind: 'fail' }>,
    error: unknown,
  ): Promise<void> {
    if (code === 'INTERNAL') this.logger.error({ err: error, importId: run.importId }, 'an import failed');
    await this.end(run, { event: 'fail', error: { code, params }, outcomes: stragglers });
  }

  private async end(run: ImportRun, end: End): Promise<void> {
    await this.progress.end(run.hold, end);
    await this.purge.all(run.importId);
    // The stored import has no grant any more.
    if (run.document.dryRun) await this.dryRuns.tell(run.document);
  }

  /** Whoever takes it next, at once, asks for the chunks in doubt before it ends the import. */
  private async handOn(run: ImportRun, ending: RunEnding): Promise<void> {
    const rest = { settled: false, forMs: 0 };
    if (ending.kind !== 'fail') return this.leases.release(run.hold, rest);
    const { code, params } = ending;
    await this.leases.release(run.hold, { ...rest, failRequested: { code, params } });
  }
}

/** It is told to end while chunks may be written that are not counted: sent by a lost holder, or without an answer. */
function isInDoubt(run: ImportRun, { settled }: WorkDone, ending: RunEnding): boolean {
  const isTold = ending.kind === 'cancel' || (ending.kind === 'fail' && endsFromOutside.has(ending.code));
  return isTold && !run.isEnding && (!settled || run.chunksInDoubt > 0);
}
