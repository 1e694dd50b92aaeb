import { MONGO_CONNECTION, syncIndexes } from '@keyport/mongo';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Connection } from 'mongoose';
import { RetiredCollections } from './datasets/retired-collections.repository.ts';
import { DryRuns } from './dry-runs/dry-runs.repository.ts';
import { WriteSessions } from './writing/write-sessions.ts';

/** What must be in the database before the first request, and what goes on beside them. */
@Injectable()
export class StoredState implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly retired: RetiredCollections,
    private readonly sessions: WriteSessions,
    private readonly dryRuns: DryRuns,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await syncIndexes(this.connection);
    await this.sessions.open();
    this.retired.sweeper.start();
    this.dryRuns.sweeper.start();
  }

  /** While the connection is still open. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.retired.sweeper.stop();
    await this.dryRuns.sweeper.stop();
    await this.sessions.close();
  }
}
