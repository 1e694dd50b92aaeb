import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { KeyportError } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Connection } from 'mongoose';
import { describeSourceFailure } from '../sources/source-failure.ts';
import { ChangeDeployments } from './change-deployments.ts';
import { ChangeHistories } from './change-histories.repository.ts';
import { streamOf } from './change-history.ts';
import { CHANGE_SETTINGS, type ChangeSettings } from './change-settings.ts';
import { ChangeTail } from './change-tail.ts';
import { StreamLost, StreamStates, type HeldStream } from './stream-states.repository.ts';

/** How often a process looks for streams that nobody follows. */
const lookMs = 1_000;

/** Follows the databases in which datasets are tracked: each is followed by one process among all. */
@Injectable()
export class ChangeTails implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ChangeTails.name);
  private readonly holder = `${hostname()}/${process.pid}/${randomUUID()}`;
  private readonly following = new Map<string, Promise<void>>();
  private readonly stopping = new AbortController();
  private looking = Promise.resolve();

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly states: StreamStates,
    private readonly histories: ChangeHistories,
    private readonly deployments: ChangeDeployments,
    @Inject(CHANGE_SETTINGS) private readonly settings: ChangeSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.looking = this.lookForEver();
  }

  /** Lets other processes go on at once; before sources are closed. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.looking;
    await Promise.all(this.following.values());
  }

  private async lookForEver(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => this.logger.warn(error));
      await delay(lookMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async look(): Promise<void> {
    const tracked = await this.histories.all();
    for (const name of new Set(tracked.map(({ collectionName }) => streamOf(collectionName)))) {
      if (this.following.has(name)) continue;
      const held = await this.states.claim(name, this.holder, this.settings.leaseMs);
      if (held) this.following.set(name, this.follow(held));
    }
  }

  private async follow(held: HeldStream): Promise<void> {
    const { connection, states, histories } = this;
    const surroundings = { connection, states, histories, leaseMs: this.settings.leaseMs };
    try {
      await this.deployments.in(held.name, (watched) =>
        new ChangeTail(held, watched, surroundings).run(this.stopping.signal),
      );
    } catch (error) {
      if (!(error instanceof StreamLost)) this.logger.warn(`${held.name}: ${described(error)}`);
    }
    // Where the database is away, the lease runs out by itself.
    await this.states.release(held).catch((error: unknown) => this.logger.warn(error));
    this.following.delete(held.name);
  }
}

const described = (error: unknown): string =>
  error instanceof KeyportError ? error.code : describeSourceFailure(error);
