import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Sweeper } from '../datasets/sweeper.ts';
import { ChangeHistories, type TrackedDataset } from './change-histories.repository.ts';
import type { KeptChange } from './change-history.ts';
import { CHANGE_SETTINGS, type ChangeSettings } from './change-settings.ts';
import { timeAt } from './stream-time.ts';

const sweepEveryMs = 60_000;

/** Forgets changes whose time is up; cursors from before are refused from then on, so that none gives less than all. */
@Injectable()
export class ChangeSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly sweeper = new Sweeper(ChangeSweeper.name, sweepEveryMs, () => this.sweep());

  constructor(
    private readonly histories: ChangeHistories,
    @Inject(CHANGE_SETTINGS) private readonly settings: ChangeSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.sweeper.stop();
  }

  /** Several processes may do so at once. */
  async sweep(now = Date.now()): Promise<void> {
    for (const dataset of await this.histories.all()) await this.sweepOne(dataset, now);
  }

  private async sweepOne(dataset: TrackedDataset, now: number): Promise<void> {
    const changes = this.histories.changesOf(dataset.history);
    const bySeq = { sort: { seq: 1 }, projection: { seq: 1 } } as const;
    const kept = await changes.findOne<KeptChange>({ at: { $gte: timeAt(now - this.settings.keepMs) } }, bySeq);
    const last = kept ? undefined : await changes.findOne<KeptChange>({}, { ...bySeq, sort: { seq: -1 } });
    const upTo = kept ? kept.seq - 1 : last?.seq;
    if (upTo === undefined || (await changes.findOne({ seq: { $lte: upTo } }, bySeq)) === null) return;
    // Refused first: a kill between the two leaves too much, never too little.
    await this.histories.forget(dataset, upTo);
    await changes.deleteMany({ seq: { $lte: upTo } });
  }
}
