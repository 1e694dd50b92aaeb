import { undoChunk, type ReplyOf } from '@keyport/contracts';
import { Requester } from '@keyport/messaging';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { backOffMs, endingOf } from '../intake/run-ending.ts';
import { Wake } from '../intake/wake.ts';
import { UndoLostError, UndosRepository, type ClaimedUndo, type UndoHold } from './undos.repository.ts';

/** Undos of one process at the same time; each has one chunk under way. */
const undosAtOnce = 2;
const lookMs = 1_000;
const chunksAtOnce = 100;
/** A restart of records, mongod or nats-server takes seconds; after this the undo is let rest and tried again. */
const retryForMs = 30_000;

/**
 * Takes imports back, chunk after chunk. Every step may be repeated: `records` answers a chunk that it has taken back as
 * the first time, and a chunk counts once, with the position. So a process that is killed leaves nothing to repair.
 */
@Injectable()
export class UndoRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('undo');
  private readonly wake = new Wake();
  private readonly runs = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly undos: UndosRepository,
    private readonly requester: Requester,
    @Inject(IMPORT_CONFIG) private readonly config: ImportConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wake.now();
    await Promise.all([this.loop, ...this.runs.values()]);
  }

  /** Something waits. */
  look(): void {
    this.wake.now();
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        await this.fillPlaces();
      } catch (error) {
        this.logger.warn({ err: error }, 'undos could not be claimed');
      }
      await this.wake.within(lookMs);
    }
  }

  private async fillPlaces(): Promise<void> {
    while (this.runs.size < undosAtOnce && !this.stopping.signal.aborted) {
      const claimed = await this.undos.claim([...this.runs.keys()]);
      if (!claimed) return;
      const run = this.follow(claimed).finally(() => {
        this.runs.delete(claimed._id);
        this.look();
      });
      this.runs.set(claimed._id, run);
    }
  }

  private async follow(claimed: ClaimedUndo): Promise<void> {
    const hold = { importId: claimed._id, fence: claimed.undo.fence };
    const renew = () => void this.undos.renew(hold).catch(() => undefined);
    const renewing = setInterval(renew, (this.config.KEYPORT_IMPORT_LEASE_SECONDS * 1000) / 3);
    const progress = { failures: claimed.undo.failures };
    try {
      await this.work(claimed, hold, progress);
    } catch (error) {
      await this.conclude(hold, error, progress.failures).catch((again: unknown) =>
        this.logger.warn({ err: again, importId: hold.importId }, 'the end of an undo was not stored'),
      );
    } finally {
      clearInterval(renewing);
    }
  }

  private async work(claimed: ClaimedUndo, hold: UndoHold, progress: { failures: number }): Promise<void> {
    let { next, named } = claimed.undo;
    for (;;) {
      const chunks = await this.undos.chunksFrom(hold.importId, next, chunksAtOnce);
      if (chunks.length === 0) return this.undos.end(hold, null);
      for (const chunk of chunks) {
        if (this.stopping.signal.aborted) return this.undos.release(hold, 0, progress.failures);
        named = await this.undos.advance(hold, chunk, await this.undoChunk(claimed, chunk), named);
        progress.failures = 0;
        next = chunk + 1;
      }
    }
  }

  private undoChunk({ _id, dataset, datasetId, undo }: ClaimedUndo, chunk: number): Promise<ReplyOf<typeof undoChunk>> {
    return this.requester.request(
      undoChunk,
      { dataset, datasetId, source: _id, sequence: chunk, fence: undo.fence },
      {
        authority: undo.grant,
        // A killed service does not answer, and asking again does no harm.
        timeoutMs: this.config.KEYPORT_IMPORT_ANSWER_SECONDS * 1000,
        retryForMs,
        signal: this.stopping.signal,
      },
    );
  }

  private async conclude(hold: UndoHold, error: unknown, failures: number): Promise<void> {
    if (error instanceof UndoLostError) return;
    const ending = this.stopping.signal.aborted ? undefined : endingOf(error, failures);
    if (ending?.kind === 'fail') {
      if (ending.code === 'INTERNAL') this.logger.error({ err: error, importId: hold.importId }, 'an undo failed');
      return this.undos.end(hold, { code: ending.code, params: ending.params });
    }
    const failed = failures + (ending?.kind === 'try again' && ending.counted ? 1 : 0);
    if (ending) this.logger.warn({ err: error, importId: hold.importId }, 'an undo is tried again');
    await this.undos.release(hold, ending ? backOffMs(failed) : 0, failed);
  }
}
