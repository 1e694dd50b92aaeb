import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { CallerVerifier, isGrantLost } from '@keyport/access';
import { describeError, KeyportError } from '@keyport/contracts';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EXPORT_SETTINGS, type ExportSettings } from './export-settings.ts';
import { judgeFailure, retryDelayMs } from './export-states.ts';
import { ExportWriter } from './export-writer.service.ts';
import { LeaseLost } from './lease-lost.ts';
import { RunsRepository, type ClaimedExport } from './runs.repository.ts';
import { Wakeup } from './wakeup.ts';

/** Tries without progress, for failures that should not happen. */
const maxAttempts = 10;

/** Milliseconds between looks at the rights of an export: `records` judges each page, here is seen what asks for none. */
const lookMs = 300;

interface Running {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Holds exports by a lease, a few at a time, and sees each to its end or hands it on. */
@Injectable()
export class ExportRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('exports');
  private readonly holder = `${hostname()}/${process.pid}/${randomUUID()}`;
  private readonly running = new Map<string, Running>();
  private readonly wakeup = new Wakeup();
  private readonly stopping = new AbortController();
  private claiming = Promise.resolve();

  constructor(
    private readonly runs: RunsRepository,
    private readonly writer: ExportWriter,
    private readonly verifier: CallerVerifier,
    @Inject(EXPORT_SETTINGS) private readonly settings: ExportSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.claiming = this.claimForEver();
  }

  /** Hands every lease back, so that another process goes on at once. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wakeup.wake();
    await this.claiming;
    for (const { stop } of this.running.values()) stop.abort();
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  /** An export was accepted: look for it now. */
  notify(): void {
    this.wakeup.wake();
  }

  /** The export was deleted: stop writing it, if it is here. Elsewhere the lost lease tells. */
  stop(id: string): void {
    this.running.get(id)?.stop.abort(new LeaseLost());
  }

  private async claimForEver(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      if (!(await this.claimOne())) await this.wakeup.wait(this.settings.pollMs);
    }
  }

  private async claimOne(): Promise<boolean> {
    if (this.running.size >= this.settings.concurrency) return false;
    try {
      const run = await this.runs.claim(this.holder, this.settings.leaseMs);
      if (run) this.start(run);
      return run !== null;
    } catch (error) {
      this.logger.error(error);
      return false;
    }
  }

  private start(run: ClaimedExport): void {
    // Held here before, by a lease that ran out while this process stood still.
    this.stop(run._id);
    const stop = new AbortController();
    const done = this.hold(run, stop).finally(() => {
      if (this.running.get(run._id)?.stop === stop) this.running.delete(run._id);
      this.wakeup.wake();
    });
    this.running.set(run._id, { stop, done });
  }

  private async hold(run: ClaimedExport, stop: AbortController): Promise<void> {
    const renewing = setInterval(() => void this.renew(run, stop), this.settings.leaseMs / 3);
    const watching = setInterval(() => void this.watchRights(run, stop), lookMs);
    try {
      await this.writer.write(run, stop.signal);
    } catch (error) {
      // The database may be away too: then the lease runs out by itself.
      await this.settle(run, error, stop.signal).catch((failure: unknown) => this.logger.error(failure));
    } finally {
      clearInterval(renewing);
      clearInterval(watching);
    }
  }

  private async renew(run: ClaimedExport, stop: AbortController): Promise<void> {
    try {
      if (!(await this.runs.renew(run, this.settings.leaseMs))) stop.abort(new LeaseLost());
    } catch (error) {
      this.logger.warn(error);
    }
  }

  private async watchRights({ grant }: ClaimedExport, stop: AbortController): Promise<void> {
    if (await isGrantLost(this.verifier, grant)) stop.abort(new KeyportError('RIGHTS_LOST'));
  }

  private async settle(run: ClaimedExport, thrown: unknown, signal: AbortSignal): Promise<void> {
    const error: unknown = signal.reason instanceof KeyportError ? signal.reason : thrown;
    if (error instanceof LeaseLost) return;
    if (signal.aborted && error !== signal.reason)
      return void (await this.runs.release(run, { delayMs: 0, isAttempt: false }));
    const failure = error instanceof KeyportError ? error : new KeyportError('INTERNAL', {}, { cause: error });
    const judged = judgeFailure(failure.code);
    if ('fails' in judged)
      return this.fail(run, new KeyportError(judged.fails, { dataset: run.dataset, ...failure.params }));
    this.logger.warn(error);
    const isAttempt = judged.retries === 'bounded';
    const attempts = await this.runs.release(run, { delayMs: retryDelayMs(run.attempts), isAttempt });
    // A grant that stays refused: the key that signed it is gone.
    const isRefused = failure.code === 'CONTEXT_INVALID';
    if (attempts >= maxAttempts) await this.fail(run, isRefused ? new KeyportError('RIGHTS_LOST') : failure);
  }

  private async fail(run: ClaimedExport, { code, params }: KeyportError): Promise<void> {
    await this.runs.fail(run, { code, detail: describeError(code, params) });
  }
}
