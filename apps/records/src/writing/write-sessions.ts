import { randomUUID } from 'node:crypto';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { writerModel, type Writer } from './writer.model.ts';

/** Injection token of the number of chunks written at the same time. */
export const WRITE_CONCURRENCY = Symbol('WRITE_CONCURRENCY');

const heartbeatEveryMs = 1_000;
/** A writer not seen for so long is taken for dead. Ending a living one only makes it start its transaction again. */
const deadAfterMs = 4_000;
const lookForDeadEveryMs = 1_000;

/**
 * The sessions that chunks are written in. Their ids are stored before they are used: MongoDB keeps the transaction of a
 * killed writer open, and its rows in conflict, until `transactionLifetimeLimitSeconds`; whoever meets such a conflict
 * ends the sessions of writers that have gone (`killSessions`).
 */
@Injectable()
export class WriteSessions {
  private readonly logger = new Logger(WriteSessions.name);
  private readonly model: Model<Writer>;
  private readonly id = randomUUID();
  private readonly free: ClientSession[] = [];
  private ids: unknown[] = [];
  private readonly waiting: ((session: ClientSession) => void)[] = [];
  private heartbeat: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private lookedForDeadAt = 0;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    @Inject(WRITE_CONCURRENCY) private readonly concurrency: number,
  ) {
    this.model = writerModel(connection);
  }

  async open(): Promise<void> {
    for (let count = 0; count < this.concurrency; count += 1) this.free.push(await this.connection.startSession());
    this.ids = this.free.map(({ id }) => id?.id);
    await this.beat();
    const beat = () => {
      this.beating = this.beat().catch((error: unknown) => this.logger.warn(error));
    };
    this.heartbeat = setInterval(beat, heartbeatEveryMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.beating;
    await Promise.all(this.free.map((session) => session.endSession()));
    await this.model.deleteOne({ _id: this.id });
  }

  /** Runs work in one of the sessions, when it is its turn. */
  async use<Result>(work: (session: ClientSession) => Promise<Result>): Promise<Result> {
    const session = this.free.pop() ?? (await new Promise<ClientSession>((resolve) => this.waiting.push(resolve)));
    try {
      return await work(session);
    } finally {
      const next = this.waiting.shift();
      if (next) next(session);
      else this.free.push(session);
    }
  }

  /** Ends the transactions of writers that were killed; asked often, it looks once a second. */
  async endOrphans(): Promise<void> {
    if (Date.now() - this.lookedForDeadAt < lookForDeadEveryMs) return;
    this.lookedForDeadAt = Date.now();
    const longAgo = { $subtract: ['$$NOW', deadAfterMs] };
    for (const { _id, sessions } of await this.model.find({ $expr: { $lt: ['$seenAt', longAgo] } }).lean()) {
      await this.connection.db?.command({ killSessions: sessions.map((id) => ({ id })) });
      await this.model.deleteOne({ _id });
      this.logger.warn(`ended ${sessions.length} sessions of a writer that has gone`);
    }
  }

  private async beat(): Promise<void> {
    await this.model.collection.updateOne(
      { _id: this.id as never },
      { $set: { sessions: this.ids }, $currentDate: { seenAt: true } },
      { upsert: true },
    );
  }
}
