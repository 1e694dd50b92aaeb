import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Sweeper } from '../datasets/sweeper.ts';
import { NotedChanges } from './noted-changes.repository.ts';

/** About one event so often, however many chunks are written. */
const sumUpEveryMs = 1_000;

/** Sums up what was changed, while records are written. */
@Injectable()
export class ChangeSums implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly sweeper = new Sweeper(ChangeSums.name, sumUpEveryMs, () => this.sumUp());
  private isRunning = false;

  constructor(private readonly noted: NotedChanges) {}

  onApplicationBootstrap(): void {
    this.sweeper.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.sweeper.stop();
  }

  private async sumUp(): Promise<void> {
    // One that takes longer than its turn is not overtaken by the next.
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      const databases = this.noted.databases();
      const sums = await Promise.allSettled(databases.map((database) => this.noted.sumUp(database)));
      const failure = sums.find(({ status }) => status === 'rejected');
      if (failure) throw (failure as PromiseRejectedResult).reason;
    } finally {
      this.isRunning = false;
    }
  }
}
