import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { finalStates } from '../imports/import-state.ts';
import { Conclusion } from './conclusion.service.ts';
import { ImportRun } from './import-run.ts';
import { IdleUploads } from './idle-uploads.service.ts';
import { ImportRunner, type WorkDone } from './import-runner.service.ts';
import { LeasesRepository, type Sighting } from './leases.repository.ts';
import { ProgressRepository } from './progress.repository.ts';
import { RunStop } from './run-ending.ts';
import { UploadIdleError } from './spool-reader.ts';
import { Wake } from './wake.ts';

/**
 * Bytes that one import can hold: two pieces, the rows of an unfinished chunk, and four chunks on their way to the
 * writer, twice each (as rows and in their message).
 */
const bytesAnImport = 8 * 1024 * 1024;
/** Waiting imports of other processes, and of dead ones, are looked for so often. */
const lookMs = 1_000;
/** A cancel and a seal that another process was asked for are noticed within this. */
const beatMs = 400;
const beatsARenewal = 5;
/** An import keeps its place for so long before it makes room for one that waits. */
const turnMs = 2_000;

/** Holds imports for this process: takes those that wait, as many as memory allows, and keeps their leases. */
@Injectable()
export class IntakeService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('intake');
  private readonly runs = new Map<string, ImportRun>();
  private readonly places: number;
  private readonly wake = new Wake();
  private stopping = false;
  private loops: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly leases: LeasesRepository,
    private readonly progress: ProgressRepository,
    private readonly runner: ImportRunner,
    private readonly idle: IdleUploads,
    private readonly conclusion: Conclusion,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.places = Math.max(1, Math.floor(config.KEYPORT_IMPORT_MEMORY_BYTES / bytesAnImport));
  }

  onApplicationBootstrap(): void {
    this.loops = Promise.all([this.claimLoop(), this.beatLoop()]);
  }

  /** Gives every import back at once, so that another process goes on with it. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.wake.now();
    const runs = [...this.runs.values()];
    for (const run of runs) run.stop(new RunStop('shutdown'));
    await Promise.all(runs.map(({ done }) => done));
    await this.loops;
  }

  /** Something waits. */
  look(): void {
    this.wake.now();
  }

  /** The work of this process on an import, where it holds it. */
  run(importId: string): ImportRun | undefined {
    return this.runs.get(importId);
  }

  running(): readonly ImportRun[] {
    return [...this.runs.values()];
  }

  sealed(importId: string, length: number): void {
    this.runs.get(importId)?.upload.seal(length);
    this.look();
  }

  /** Passes a cancel on and waits until the import has ended, for at most so long. */
  async cancelled(importId: string, waitMs: number): Promise<void> {
    this.runs.get(importId)?.cancel();
    this.look();
    await this.ended(importId, waitMs);
  }

  /** Waits until an import that is to be ended has ended, for at most so long. */
  async ended(importId: string, waitMs: number): Promise<void> {
    for (const until = Date.now() + waitMs; Date.now() < until; await delay(25)) {
      const [sighting] = await this.leases.sight([importId]);
      if (!sighting || finalStates.includes(sighting.state)) return;
    }
  }

  /** Passes a pause on and waits until what was under way is counted, for at most so long. */
  async paused(importId: string, waitMs: number): Promise<void> {
    this.runs.get(importId)?.pause();
    this.look();
    for (const until = Date.now() + waitMs; Date.now() < until; await delay(25)) {
      const [sighting] = await this.leases.sight([importId]);
      if (sighting?.state !== 'paused' || sighting.lease.owner === null) return;
    }
  }

  private async claimLoop(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.fillPlaces();
        await this.makeRoom();
      } catch (error) {
        this.logger.warn({ err: error }, 'imports could not be claimed');
      }
      await this.wake.within(lookMs);
    }
  }

  private async fillPlaces(): Promise<void> {
    while (!this.stopping && this.runs.size < this.places && !(await this.isReserved())) {
      const claimed = await this.leases.claim([...this.runs.keys()], { suspects: this.runs.size === 0 });
      if (!claimed) return;
      const run = new ImportRun(claimed);
      this.runs.set(run.importId, run);
      run.done = this.follow(run);
    }
  }

  /** An import that has lost its holders, or that waits for the others to go, is worked on alone. */
  private async isReserved(): Promise<boolean> {
    if (this.runs.size === 0) return false;
    return [...this.runs.values()].some((run) => run.mustBeAlone) || this.leases.isSuspectWaiting();
  }

  private async follow(run: ImportRun): Promise<void> {
    const done = await this.work(run);
    await this.conclusion.conclude(run, done);
    await run.hold.session.endSession();
    this.runs.delete(run.importId);
    this.look();
  }

  private async work(run: ImportRun): Promise<WorkDone> {
    try {
      if (!(await this.idle.isStillIdle(run))) return await this.runner.work(run);
      return { cause: { error: new UploadIdleError() }, stragglers: [], settled: true };
    } catch (error) {
      return { cause: { error }, stragglers: [], settled: false };
    }
  }

  /** Where no place is free for one that waits, the import that has had one longest goes to the end of the queue. */
  private async makeRoom(): Promise<void> {
    if (this.stopping || !(await this.isAnyKeptWaiting())) return;
    const [longest] = [...this.runs.values()]
      .filter((run) => run.mayGiveWay && !run.mustBeAlone && Date.now() - run.startedAt > turnMs)
      .sort((one, other) => one.startedAt - other.startedAt);
    longest?.stop(new RunStop('shutdown'));
  }

  private isAnyKeptWaiting(): Promise<boolean> | boolean {
    if (this.runs.size >= this.places) return this.leases.isAnyWaiting();
    return this.runs.size > 0 && this.leases.isSuspectWaiting();
  }

  private async beatLoop(): Promise<void> {
    for (let beat = 0; !this.stopping; beat += 1) {
      try {
        if (this.runs.size > 0) await this.beat(beat % beatsARenewal === 0);
      } catch (error) {
        this.logger.warn({ err: error }, 'leases could not be renewed');
      }
      await delay(beatMs);
    }
  }

  private async beat(isRenewal: boolean): Promise<void> {
    const importIds = [...this.runs.keys()];
    if (isRenewal) await this.leases.renew(importIds);
    for (const sighting of await this.leases.sight(importIds)) this.notice(sighting);
    for (const run of this.runs.values()) await this.storeArrivals(run);
  }

  private notice({ _id, state, sealedLength, cancelRequestedAt, failRequested, lease }: Sighting): void {
    const run = this.runs.get(_id);
    if (!run) return;
    const isLost = lease.owner !== run.hold.owner || lease.fence !== run.hold.fence;
    if (isLost || finalStates.includes(state)) run.stop(new RunStop('lost'));
    else if (failRequested) run.fail(failRequested);
    else if (cancelRequestedAt) run.cancel();
    else if (state === 'paused') run.pause();
    if (sealedLength !== null) run.upload.seal(sealedLength);
  }

  private async storeArrivals(run: ImportRun): Promise<void> {
    const { received } = run.upload;
    if (received <= run.receivedStored) return;
    run.receivedStored = received;
    await this.progress.arrived(run.hold, received);
  }
}
