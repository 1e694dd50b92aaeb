import { randomUUID } from 'node:crypto';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { Connection, mongo } from 'mongoose';
import { Sources } from '../sources/sources.service.ts';
import { sourceOfStream } from './change-history.ts';

/** Of the marks; in Keyport's own database they are followed too, so that a stream gives them at once. */
export const marksName = 'changeMarks';

export interface Mark {
  /** A cluster time behind everything that was acknowledged before. */
  readonly time: Timestamp;
  /** Of the deployment, and how many marks it has: another one, or one that went back, is told by them. */
  readonly deployment: string;
  readonly count: number;
}

/** A database whose changes are followed, and what leaves a mark in its deployment's oplog. */
export class WatchedDatabase {
  constructor(
    private readonly connection: Connection,
    readonly db: mongo.Db,
    private readonly marksDb: mongo.Db,
  ) {}

  /** Leaves an entry in the oplog, so that a stream gets behind it also where nothing else is written. */
  async mark(): Promise<Mark> {
    const session = await this.connection.startSession();
    try {
      const marked = await this.marksDb
        .collection<{ _id: string; deployment: string; count: number }>(marksName)
        .findOneAndUpdate(
          { _id: 'mark' },
          { $inc: { count: 1 }, $setOnInsert: { deployment: randomUUID() } },
          { upsert: true, returnDocument: 'after', session },
        );
      if (!session.operationTime || !marked) throw new Error('the server tells no operation time');
      return { time: session.operationTime, deployment: marked.deployment, count: marked.count };
    } finally {
      await session.endSession();
    }
  }
}

/** Finds the database that a stream is over. */
@Injectable()
export class ChangeDeployments {
  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly sources: Sources,
  ) {}

  /** Runs work on it. Throws SOURCE_UNAVAILABLE. */
  in<Result>(stream: string, work: (watched: WatchedDatabase) => Promise<Result>): Promise<Result> {
    return this.sources.reaching(sourceOfStream(stream), async () => work(await this.open(stream)));
  }

  private async open(stream: string): Promise<WatchedDatabase> {
    const source = sourceOfStream(stream);
    if (source !== null) {
      const { connection, db, ledgerDb } = await this.sources.open(source);
      return new WatchedDatabase(connection, db, ledgerDb);
    }
    const { db } = this.connection;
    if (!db) throw new Error('the connection is not open');
    return new WatchedDatabase(this.connection, db, db);
  }
}
