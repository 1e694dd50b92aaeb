import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, mongo } from 'mongoose';
import { Sources } from '../sources/sources.service.ts';
import { recordsChange, type ChangedRecords } from './dataset-events.ts';
import { notedChangeModel, type NotedChange } from './noted-change.model.ts';
import { outboxModel } from './outbox.model.ts';

/** Notes that are summed up at once, of all datasets of a deployment. */
const atOnce = 5_000;

/** A database with a ledger: what a transaction notes lies beside what it wrote. */
export interface NotingDatabase {
  readonly connection: Connection;
  readonly db: mongo.Db;
}

/** Another process sums up the same. */
class SummedUpElsewhere extends Error {
  override readonly name = 'SummedUpElsewhere';
}

/**
 * How many records were changed, noted in the transaction that changes them: a document each, so that writers never wait
 * for one another. What was noted of a dataset becomes one event, in a transaction again.
 */
@Injectable()
export class NotedChanges {
  private readonly own: mongo.Db;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly sources: Sources,
  ) {
    if (!connection.db) throw new Error('the connection is not open');
    this.own = connection.db;
    notedChangeModel(connection);
    outboxModel(connection);
  }

  /** Within the transaction of a writer. */
  async note(
    session: ClientSession,
    { _id: dataset, id: datasetId }: { readonly _id: string; readonly id: string },
    { inserted, updated, deleted }: ChangedRecords,
  ): Promise<void> {
    if (inserted + updated + deleted === 0) return;
    const db = this.sources.of(session)?.source.ledgerDb ?? this.own;
    await notesIn(db).insertOne({ dataset, datasetId, inserted, updated, deleted } as NotedChange, { session });
  }

  /** Keyport's own database, and those on sources that answer. */
  databases(): NotingDatabase[] {
    const sources = this.sources.answering().map(({ connection, ledgerDb }) => ({ connection, db: ledgerDb }));
    return [{ connection: this.connection, db: this.own }, ...sources];
  }

  /** Makes one event a dataset of what was noted until now. Several processes may do so at once. */
  async sumUp({ connection, db }: NotingDatabase): Promise<void> {
    const noted = await notesIn(db).find().limit(atOnce).toArray();
    for (const [datasetId, notes] of Map.groupBy(noted, (note) => note.datasetId)) {
      try {
        await inTransaction(connection, (session) => move(db, datasetId, notes, session));
      } catch (error) {
        if (!(error instanceof SummedUpElsewhere)) throw error;
      }
    }
  }
}

async function move(db: mongo.Db, datasetId: string, notes: readonly NotedChange[], session: ClientSession) {
  const { deletedCount } = await notesIn(db).deleteMany({ _id: { $in: notes.map(({ _id }) => _id) } }, { session });
  if (deletedCount !== notes.length) throw new SummedUpElsewhere();
  const dataset = { _id: notes[0]?.dataset ?? '', id: datasetId };
  await db
    .collection<{ _id: string; untold: object[] }>('outbox')
    .updateOne(
      { _id: `records:${datasetId}` },
      { $push: { untold: recordsChange(dataset, sumOf(notes)) } },
      { session, upsert: true },
    );
}

const notesIn = (db: mongo.Db) => db.collection<NotedChange>('notedChanges');

const sumOf = (notes: readonly NotedChange[]): ChangedRecords => ({
  inserted: sum(notes.map(({ inserted }) => inserted)),
  updated: sum(notes.map(({ updated }) => updated)),
  deleted: sum(notes.map(({ deleted }) => deleted)),
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
