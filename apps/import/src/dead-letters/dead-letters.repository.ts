import { inTransaction, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import mongoose, { type ClientSession, type Connection, type Model, type QueryFilter } from 'mongoose';
import { IMPORT_CONFIG, type ImportConfig } from '../config.ts';
import type { EventProblem } from '../ingest/published-event.ts';
import { describable } from '../rejects/reject-details.ts';
import { type Held, keyOf, type Letter, type NewLetter, planBurial } from './burial.ts';
import { deadLetterModel, type StoredDeadLetter } from './dead-letter.model.ts';
import { deadLetterTotalsModel, type DeadLetterTotals } from './dead-letter-totals.model.ts';

export type { Letter } from './burial.ts';

const { Binary, ObjectId } = mongoose.mongo;

/** Room for all datasets together, in that for one. */
const roomInAll = 20;

export interface LetterPage {
  readonly visible: QueryFilter<StoredDeadLetter>;
  readonly dataset?: string | undefined;
  readonly code?: string | undefined;
  readonly refusedBefore?: Date | undefined;
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A letter without what was published. */
export type LetterHead = Omit<StoredDeadLetter, 'raw'>;

@Injectable()
export class DeadLettersRepository {
  private readonly letters: Model<StoredDeadLetter>;
  private readonly totals: Model<DeadLetterTotals>;
  private readonly room: Held;
  private readonly keepMs: number;

  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    @Inject(IMPORT_CONFIG) config: ImportConfig,
  ) {
    this.letters = deadLetterModel(connection);
    this.totals = deadLetterTotalsModel(connection);
    this.room = { letters: config.KEYPORT_DEAD_LETTERS_KEPT, bytes: config.KEYPORT_DEAD_LETTERS_BYTES };
    this.keepMs = config.KEYPORT_DEAD_LETTERS_KEPT_SECONDS * 1000;
  }

  /** Counts and keeps letters of one subject, in the order of the stream; those that were counted before change nothing. */
  async add(letters: readonly Letter[]): Promise<void> {
    const subject = letters[0]?.published.subject;
    const isFull = (await this.letters.estimatedDocumentCount()) >= roomInAll * this.room.letters;
    const room = isFull ? { letters: 0, bytes: 0 } : this.room;
    await inTransaction(this.connection, async (session) => {
      const totals = await this.totals.findById(subject).session(session).lean<DeadLetterTotals>();
      const keys = letters.map(keyOf);
      const known = await this.letters.find({ key: { $in: keys } }, { key: 1 }, { session }).lean();
      const state = {
        totals,
        known: new Set(known.map(({ key }) => key)),
        held: await this.held(session, subject),
        room,
      };
      const { added, again, totals: after } = planBurial(letters, { ...state, keepMs: this.keepMs, now: new Date() });
      await this.totals.collection.replaceOne({ _id: subject } as object, after, { upsert: true, session });
      await this.put(session, added, again);
    });
  }

  /** Oldest first. */
  list({ visible, dataset, code, refusedBefore, after, limit }: LetterPage): Promise<LetterHead[]> {
    const filter: QueryFilter<StoredDeadLetter> = {
      ...(dataset !== undefined && { dataset }),
      ...(code !== undefined && { code }),
      ...(refusedBefore !== undefined && { refusedAt: { $lte: refusedBefore } }),
      ...(after !== undefined && { _id: { $gt: after } }),
    };
    return this.letters
      .find({ $and: [visible, filter] })
      .sort({ _id: 1 })
      .limit(limit)
      .select('-raw')
      .lean<LetterHead[]>()
      .exec();
  }

  head(id: string): Promise<LetterHead | null> {
    return this.letters.findById(id).select('-raw').lean<LetterHead>().exec();
  }

  find(id: string): Promise<StoredDeadLetter | null> {
    return this.letters.findById(id).lean<StoredDeadLetter>().exec();
  }

  /** What became of a replay; a letter that is gone meanwhile stays gone. */
  async refuseAgain(id: string, problem: EventProblem): Promise<void> {
    const { path, ...described } = describable({ ...problem });
    await this.letters.updateOne(
      { _id: id },
      {
        $set: { ...described, ...(path !== undefined && { path }), refusedAt: new Date() },
        ...(path === undefined && { $unset: { path: 1 } }),
        $inc: { replays: 1 },
      },
    );
  }

  /** False where it is not there any more. */
  async remove(id: string): Promise<boolean> {
    return (await this.letters.deleteOne({ _id: id })).deletedCount === 1;
  }

  async removeAll({ dataset, code }: { readonly dataset: string; readonly code: string | undefined }): Promise<number> {
    return (await this.letters.deleteMany({ dataset, ...(code !== undefined && { code }) })).deletedCount;
  }

  /** By subject. */
  listTotals({
    visible,
    dataset,
    after,
    limit,
  }: Omit<LetterPage, 'code' | 'refusedBefore'>): Promise<DeadLetterTotals[]> {
    return this.totals
      .find({
        $and: [
          visible as QueryFilter<DeadLetterTotals>,
          { ...(dataset !== undefined && { dataset }), ...(after !== undefined && { _id: { $gt: after } }) },
        ],
      })
      .sort({ _id: 1 })
      .limit(limit)
      .lean<DeadLetterTotals[]>()
      .exec();
  }

  countKept(subject: string): Promise<number> {
    return this.letters.countDocuments({ subject });
  }

  private async held(session: ClientSession, subject: string | undefined): Promise<Held> {
    const [found] = await this.letters
      .aggregate<Held>([
        { $match: { subject } },
        { $group: { _id: null, letters: { $sum: 1 }, bytes: { $sum: '$bytes' } } },
      ])
      .hint({ subject: 1, bytes: 1 })
      .session(session);
    return found ?? { letters: 0, bytes: 0 };
  }

  private async put(session: ClientSession, added: readonly NewLetter[], again: readonly NewLetter[]): Promise<void> {
    const stored = ({ raw, ...letter }: NewLetter) => ({ ...letter, raw: new Binary(raw) });
    const inserts = added.map((letter) => ({
      insertOne: { document: { _id: new ObjectId().toHexString(), replays: 0, ...stored(letter) } },
    }));
    const updates = again.map((letter) => {
      const { deliveries, ...changes } = stored(letter);
      return { updateOne: { filter: { key: letter.key }, update: { $set: changes, $inc: { deliveries } } } };
    });
    if (added.length + again.length === 0) return;
    await this.letters.collection.bulkWrite([...inserts, ...updates] as never, { session });
  }
}
