import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import mongoose, { type ClientSession, type Connection, type Model } from 'mongoose';
import { Sources } from '../sources/sources.service.ts';
import { ledgerModel, type ChunkUndo, type LedgerEntry } from './ledger.model.ts';
import type { WriteReply } from './plan.ts';

const duplicateKey = 11000;

/** Thrown where the chunk has been written before; the transaction is over. */
export class AlreadyWritten extends Error {
  override readonly name = 'AlreadyWritten';
}

/** Entries lie on the deployment that their rows are on, so that one transaction reaches both. */
@Injectable()
export class LedgerRepository {
  private readonly own: Model<LedgerEntry>;

  constructor(
    @Inject(MONGO_CONNECTION) connection: Connection,
    private readonly sources: Sources,
  ) {
    this.own = ledgerModel(connection);
  }

  /** Within the writer's transaction. Throws {@link AlreadyWritten}. */
  async add(session: ClientSession, entry: LedgerEntry): Promise<void> {
    try {
      await this.modelOf(session).collection.insertOne(entry as never, { session });
    } catch (error) {
      const isRepeated = error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey;
      throw isRepeated ? new AlreadyWritten(entry._id, { cause: error }) : error;
    }
  }

  /** In the session that met the entry, which therefore sees it also where a majority was late. */
  async find(session: ClientSession, id: string): Promise<LedgerEntry | undefined> {
    const found = (await this.modelOf(session)
      .findById(id)
      .select('-inserted -undo')
      .session(session)
      .lean()) as LedgerEntry | null;
    if (!found?.reply) return found ?? undefined;
    // What was written before rows could be skipped does not say how many.
    const { skipped = 0 } = found.reply as Partial<WriteReply>;
    return { ...found, reply: { ...found.reply, skipped } };
  }

  /** What an undo needs to know of a chunk, its bytes as the driver gives them. */
  async findInserted(session: ClientSession, id: string): Promise<LedgerEntry | undefined> {
    const found = await this.modelOf(session).collection.findOne(
      { _id: id as never },
      { session, promoteBuffers: true },
    );
    return (found as LedgerEntry | null) ?? undefined;
  }

  /** The chunk is undone, and what that took is forgotten; or it is closed for smaller fences. */
  async setUndo(session: ClientSession, id: string, undo: ChunkUndo): Promise<void> {
    const changes = { $set: { undo }, ...(undo.done && { $unset: { inserted: 1 as const } }) };
    await this.modelOf(session).collection.updateOne({ _id: id as never }, changes, { session });
  }

  private modelOf(session: ClientSession): Model<LedgerEntry> {
    return this.sources.of(session)?.source.ledger ?? this.own;
  }
}

export const ledgerId = (source: string, sequence: number): string => `${source}:${sequence}`;
