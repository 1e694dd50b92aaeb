import { connectMongo, syncIndexes } from '@keyport/mongo';
import type { ClientSession, Connection, Model, mongo } from 'mongoose';
import { notedChangeModel } from '../telling/noted-change.model.ts';
import { outboxModel } from '../telling/outbox.model.ts';
import { writtenEventsModel, type WrittenEvents } from '../ingesting/written-events.model.ts';
import { ledgerModel, type LedgerEntry } from '../writing/ledger.model.ts';
import { WriteSessions } from '../writing/write-sessions.ts';
import { deploymentOf, faultOf } from './deployment.ts';

/** A request that meets a source which is away must be refused within the 5 s that most requests have. */
const selectWithinMs = 3_000;

/** Thrown where a source must not be used; the message says why. */
export class UnfitSource extends Error {
  override readonly name = 'UnfitSource';
}

/** A database of the team's own, and Keyport's on the same deployment: one transaction reaches both. */
export class Source {
  private constructor(
    readonly connection: Connection,
    readonly db: mongo.Db,
    /** Keyport's own. */
    readonly ledgerDb: mongo.Db,
    readonly ledger: Model<LedgerEntry>,
    readonly writtenEvents: Model<WrittenEvents>,
    readonly sessions: WriteSessions,
  ) {}

  /** Throws {@link UnfitSource}, and the driver's errors. */
  static async open(url: string, { own, ledgerDatabase, concurrency }: Surroundings): Promise<Source> {
    const connection = await connectMongo(url, { serverSelectionTimeoutMS: selectWithinMs });
    try {
      const db = dbOf(connection);
      const ownDb = dbOf(own);
      const candidate = { database: db.databaseName, deployment: await deploymentOf(db) };
      const known = { database: ownDb.databaseName, deployment: await deploymentOf(ownDb) };
      const fault = faultOf(candidate, known, ledgerDatabase);
      if (fault !== undefined) throw new UnfitSource(fault);
      const ledgerConnection = connection.useDb(ledgerDatabase);
      const sessions = new WriteSessions(ledgerConnection, concurrency);
      const ledger = ledgerModel(ledgerConnection);
      notedChangeModel(ledgerConnection);
      outboxModel(ledgerConnection);
      const writtenEvents = writtenEventsModel(ledgerConnection);
      await syncIndexes(ledgerConnection);
      await sessions.open();
      return new Source(connection, db, dbOf(ledgerConnection), ledger, writtenEvents, sessions);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Begins the session's transaction there: it is open from here on, for who asks which are. */
  async begin(session: ClientSession): Promise<void> {
    await this.ledger.collection.findOne({ _id: '' as never }, { session, projection: { _id: 1 } });
  }

  async close(): Promise<void> {
    // A source that is away now must not keep this process from ending.
    await this.sessions.close().catch(() => undefined);
    await this.connection.close();
  }
}

interface Surroundings {
  /** The service's own connection. */
  readonly own: Connection;
  readonly ledgerDatabase: string;
  /** Chunks written at the same time. */
  readonly concurrency: number;
}

function dbOf({ db }: Connection): mongo.Db {
  if (!db) throw new Error('the connection is not open');
  return db;
}
