import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import mongoose, { type ClientSession, type Connection, type Model } from 'mongoose';
import { ledgerModel, type LedgerEntry } from './ledger.model.ts';
import type { WriteReply } from './plan.ts';

const duplicateKey = 11000;

/** Thrown where the chunk has been written before; the transaction is over. */
export class AlreadyWritten extends Error {
  override readonly name = 'AlreadyWritten';
}

@Injectable()
export class LedgerRepository {
  private readonly model: Model<LedgerEntry>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.model = ledgerModel(connection);
  }

  /** Within the writer's transaction. Throws {@link AlreadyWritten}. */
  async add(session: ClientSession, entry: LedgerEntry): Promise<void> {
    try {
      await this.model.collection.insertOne(entry as never, { session });
    } catch (error) {
      const isRepeated = error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey;
      throw isRepeated ? new AlreadyWritten(entry._id, { cause: error }) : error;
    }
  }

  /** In the session that met the entry, which therefore sees it also where a majority was late. */
  async find(session: ClientSession, id: string): Promise<LedgerEntry | undefined> {
    const found = (await this.model.findById(id).session(session).lean()) as LedgerEntry | null;
    if (!found?.reply) return found ?? undefined;
    // What was written before rows could be skipped does not say how many.
    const { skipped = 0 } = found.reply as Partial<WriteReply>;
    return { ...found, reply: { ...found.reply, skipped } };
  }
}

export const ledgerId = (source: string, sequence: number): string => `${source}:${sequence}`;
