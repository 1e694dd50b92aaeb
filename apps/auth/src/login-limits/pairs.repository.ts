import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Schema, type Connection, type Model } from 'mongoose';
import { throttled, type Gate, type Passage } from './gate.ts';
import { admit, type PairState } from './throttle.ts';

/** Failed attempts on one account from one place. */
interface Pair extends PairState {
  readonly _id: string;
}

const schema = new Schema<Pair>(
  {
    _id: { type: String, required: true },
    failures: { type: Number, required: true },
    nextAt: { type: Date, required: true },
    forgottenAt: { type: Date, required: true },
  },
  { versionKey: false },
);
schema.index({ forgottenAt: 1 }, { expireAfterSeconds: 0 });

@Injectable()
export class PairsRepository {
  private readonly pairs: Model<Pair>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.pairs = connection.model<Pair>('LoginPair', schema, 'login-pairs');
  }

  gate(id: string): Gate {
    return { enter: () => this.enter(id) };
  }

  /**
   * Counts by comparing and setting. Whoever loses looks again, and soon finds that it must wait: so few rounds are
   * needed, however many come at once.
   */
  private async enter(id: string): Promise<Passage> {
    for (;;) {
      const before = await this.pairs.findById(id).lean<Pair>();
      const admission = admit(before, new Date());
      if (!admission.admitted) throw throttled(admission.retryAfterMs);
      const { counted } = admission;
      if (await this.replace(id, before, counted)) {
        return { takeBack: () => this.restore(id, counted, before), succeed: () => this.forget(id) };
      }
    }
  }

  /** False where another attempt was counted in between. */
  private async replace(id: string, before: Pair | null, counted: PairState): Promise<boolean> {
    if (before) return (await this.pairs.updateOne(unchanged(id, before), { $set: counted })).matchedCount > 0;
    try {
      await this.pairs.create({ _id: id, ...counted });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Unless another attempt was counted since: then this one stays counted too. */
  private async restore(id: string, counted: PairState, before: Pair | null): Promise<void> {
    if (!before) await this.pairs.deleteOne(unchanged(id, counted));
    else await this.pairs.updateOne(unchanged(id, counted), { $set: before });
  }

  private async forget(id: string): Promise<void> {
    await this.pairs.deleteOne({ _id: id });
  }
}

const unchanged = (_id: string, { failures, nextAt }: PairState) => ({ _id, failures, nextAt });
