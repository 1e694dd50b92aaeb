import { Injectable, Logger } from '@nestjs/common';
import { Announcer } from '../imports/announcer.service.ts';
import { IdleUploads } from './idle-uploads.service.ts';
import type { ImportRun } from './import-run.ts';
import type { WorkDone } from './import-runner.service.ts';
import { LeasesRepository } from './leases.repository.ts';
import { LeaseLostError, ProgressRepository, type End } from './progress.repository.ts';
import { backOffMs, endingOf, type RunEnding } from './run-ending.ts';
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
    private readonly announcer: Announcer,
  ) {}

  /** Never throws: what could not be stored is found by the next holder, once the lease has run out. */
  async conclude(run: ImportRun, done: WorkDone): Promise<void> {
    try {
      if (!done.cause) await this.end(run, { event: 'complete', processed: run.upload.sealedLength ?? undefined });
      else await this.apply(run, done, endingOf(done.cause.error, run.failures), done.cause.error);
    } catch (error) {
      if (error instanceof LeaseLostError) return;
      this.logger.error({ err: error, importId: run.importId }, 'the end of a run was not stored');
    }
  }

  private async apply(run: ImportRun, done: WorkDone, ending: RunEnding, error: unknown): Promise<void> {
    const { settled, stragglers } = done;
    switch (ending.kind) {
      case 'cancel':
        return this.end(run, { event: 'cancel' });
      case 'fail':
        return this.fail(run, done, ending, error);
      case 'drop':
        return;
      case 'hand back':
        return this.leases.release(run.hold, { settled, forMs: 0 });
      case 'set aside':
        return this.setAside(run);
      case 'try again': {
        this.logger.warn({ err: error, importId: run.importId, stragglers: stragglers.length }, 'a run is tried again');
        const failures = run.failures + (ending.counted ? 1 : 0);
        return this.leases.release(run.hold, { settled: false, forMs: backOffMs(failures), failures });
      }
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
    if (end.event === 'complete') await this.announcer.announceAll();
  }

  private async setAside(run: ImportRun): Promise<void> {
    // A cancel that a dead holder left behind ends here: nothing more will come that could be uncounted.
    if (run.document.cancelRequestedAt) return this.end(run, { event: 'cancel' });
    await this.idle.setAside(run);
  }
}
