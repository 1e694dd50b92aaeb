import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import { finalStates } from '../imports/import-state.ts';
import { Conclusion } from './conclusion.service.ts';
import { ImportRun } from './import-run.ts';
import { IdleUploads } from './idle-uploads.service.ts';
import { ImportRunner, type WorkDone } from './import-runner.service.ts';
import { LeasesRepository, type Sighting } from './leases.repository.ts';
import { nextOf, toGiveWay, type WaitingImport } from './places.ts';
import { ProgressRepository } from './progress.repository.ts';
import { RunStop } from './run-ending.ts';
import { UploadIdleError } from './spool-reader.ts';
import { Wake } from './wake.ts';

/** Waiting imports of other processes, and of dead ones, are looked for so often. */
const lookMs = 1_000;
/** A cancel and a seal that another process was asked for are noticed within this. */
const beatMs = 400;
/** A lease is renewed so often before it would run out. */
const renewalsALease = 5;

/** Holds imports for this process: takes those that wait, as many as memory allows, and keeps their leases. */
@Injectable()
export class IntakeService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('intake');
  private readonly runs = new Map<string, ImportRun>();
  private readonly memory: number;
  private readonly beatsARenewal: number;
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
    this.memory = config.KEYPORT_IMPORT_MEMORY_BYTES;
    const renewalMs = (config.KEYPORT_IMPORT_LEASE_SECONDS * 1000) / renewalsALease;
    this.beatsARenewal = Math.max(1, Math.floor(renewalMs / beatMs));
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
        this.makeRoom(await this.fillPlaces());
      } catch (error) {
        this.logger.warn({ err: error }, 'imports could not be claimed');
      }
      await this.wake.within(lookMs);
    }
  }

  /** Gives places to imports that wait, as far as there are any; those that still wait then. */
  private async fillPlaces(): Promise<readonly WaitingImport[]> {
    let waiting = await this.leases.waiting([...this.runs.keys()]);
    for (let next = this.next(waiting); next; next = this.next(waiting)) {
      const { importId } = next;
      waiting = waiting.filter((one) => one.importId !== importId);
      const claimed = await this.leases.claim(importId);
      // Another process was faster.
      if (!claimed) continue;
      const run = new ImportRun(claimed);
      this.runs.set(importId, run);
      run.done = this.follow(run);
    }
    return waiting;
  }

  private next(waiting: readonly WaitingImport[]): WaitingImport | undefined {
    return this.stopping ? undefined : nextOf(waiting, [...this.runs.values()], this.memory);
  }

  /** Where no place is free for one that waits, another import goes to the end of the queue. */
  private makeRoom(waiting: readonly WaitingImport[]): void {
    if (this.stopping) return;
    const giving = toGiveWay(waiting, [...this.runs.values()], this.memory);
    giving?.run.stop(new RunStop(giving.idle ? 'idle' : 'shutdown'));
  }

  private async follow(run: ImportRun): Promise<void> {
    const done = await this.work(run);
    // An upload may be set aside before the next beat would have told what came of it.
    await this.storeArrivals(run).catch(() => undefined);
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

  private async beatLoop(): Promise<void> {
    for (let beat = 0; !this.stopping; beat += 1) {
      try {
        if (this.runs.size > 0) await this.beat(beat % this.beatsARenewal === 0);
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
    await this.progress.arrived(run.hold, received);
    // Only now: who gives the import back meanwhile stores it too, as nobody can afterwards.
    run.receivedStored = Math.max(run.receivedStored, received);
  }
}
