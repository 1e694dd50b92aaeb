import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import { Schema, type Connection, type Model } from 'mongoose';
import { throttled, type Gate, type Passage } from './gate.ts';
import { windowAt, type WindowPolicy } from './throttle.ts';

/** Failed attempts of one address, or on one account, in one stretch of the clock. */
interface Window {
  readonly _id: string;
  readonly failures: number;
  readonly endsAt: Date;
}

const schema = new Schema<Window>(
  {
    _id: { type: String, required: true },
    failures: { type: Number, required: true },
    endsAt: { type: Date, required: true },
  },
  { versionKey: false },
);
schema.index({ endsAt: 1 }, { expireAfterSeconds: 0 });

@Injectable()
export class WindowsRepository {
  private readonly windows: Model<Window>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.windows = connection.model<Window>('LoginWindow', schema, 'login-windows');
  }

  gate(name: string, policy: WindowPolicy): Gate {
    return { enter: () => this.enter(name, policy) };
  }

  /** Whether there were as many failures as the policy lets through; only read. */
  async stateOf(
    name: string,
    policy: WindowPolicy,
  ): Promise<{ readonly isClosed: boolean; readonly retryAfterMs: number }> {
    const now = new Date();
    const { index, endsAt } = windowAt(now, policy);
    const window = await this.windows.findById(`${name}.${index}`).lean<Window>();
    return { isClosed: (window?.failures ?? 0) >= policy.limit, retryAfterMs: endsAt.getTime() - now.getTime() };
  }

  /** A failure more. */
  async count(name: string, policy: WindowPolicy): Promise<void> {
    const { index, endsAt } = windowAt(new Date(), policy);
    await this.add(`${name}.${index}`, endsAt, 1);
  }

  private async enter(name: string, policy: WindowPolicy): Promise<Passage> {
    const now = new Date();
    const { index, endsAt } = windowAt(now, policy);
    const id = `${name}.${index}`;
    const refusal = throttled(endsAt.getTime() - now.getTime());
    // A closed one is only read, however many knock.
    const before = await this.windows.findById(id).lean<Window>();
    if (before && before.failures >= policy.limit) throw refusal;
    const takeBack = () => this.add(id, endsAt, -1).then(() => undefined);
    if ((await this.add(id, endsAt, 1)) <= policy.limit) return { takeBack, succeed: takeBack };
    await takeBack();
    throw refusal;
  }

  private async add(id: string, endsAt: Date, count: number): Promise<number> {
    const update = { $inc: { failures: count }, $setOnInsert: { endsAt } };
    const counting = () =>
      this.windows.findByIdAndUpdate(id, update, { upsert: true, returnDocument: 'after' }).lean<Window>();
    // Another process made the document in the meantime (MongoDB manual, "Upsert with Duplicate Values").
    const window = await counting().catch((error: unknown) => {
      if (isDuplicateKey(error)) return counting();
      throw error;
    });
    return window?.failures ?? 0;
  }
}
