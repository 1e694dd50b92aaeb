import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Timestamp } from 'bson';
import type { ClientSession, Connection, mongo } from 'mongoose';
import type { Mark } from './change-deployments.ts';
import { changeStreamModel, type ChangeStreamState } from './change-stream.model.ts';

/** A stream that this process follows. */
export interface HeldStream {
  readonly name: string;
  readonly fence: number;
}

/** What following has come to. */
export interface Reached {
  readonly position: Timestamp;
  readonly seq: number;
}

/** Another process follows the stream now: whoever meets this stops. */
export class StreamLost extends Error {
  override readonly name = 'StreamLost';
}

/** Who follows which stream, and how far; decided in MongoDB, by its clock. */
@Injectable()
export class StreamStates {
  private readonly states: mongo.Collection<ChangeStreamState>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.states = changeStreamModel(connection).collection as never;
  }

  /** Makes it known, where it is not. */
  async add(name: string): Promise<void> {
    const nowhere = { position: null, asked: null, deployment: null, marks: 0, seq: 0 };
    const unfollowed = { holder: null, fence: 0, leaseUntil: new Date(0) };
    await this.states.updateOne({ _id: name }, { $setOnInsert: { ...nowhere, ...unfollowed } }, { upsert: true });
  }

  /** Undefined where another process follows it. */
  async claim(name: string, holder: string, leaseMs: number): Promise<HeldStream | undefined> {
    const claimed = await this.states.findOneAndUpdate(
      { _id: name, $expr: { $lt: ['$leaseUntil', '$$NOW'] } },
      [{ $set: { fence: { $add: ['$fence', 1] }, holder: { $literal: holder }, leaseUntil: leaseEnd(leaseMs) } }],
      { returnDocument: 'after' },
    );
    return claimed ? { name, fence: claimed.fence } : undefined;
  }

  async read(name: string): Promise<ChangeStreamState | undefined> {
    return (await this.states.findOne({ _id: name })) ?? undefined;
  }

  /** As the holder's; throws {@link StreamLost} where it is not. */
  async own({ name, fence }: HeldStream): Promise<ChangeStreamState> {
    const found = await this.states.findOne({ _id: name, fence });
    if (!found) throw new StreamLost();
    return found;
  }

  /** Stores how far the holder has come, and holds on. In a session: what is written there counts only with it. */
  async hold({ name, fence }: HeldStream, reached: Reached, leaseMs: number, session?: ClientSession): Promise<void> {
    const { matchedCount } = await this.states.updateOne(
      { _id: name, fence },
      [{ $set: { position: reached.position, seq: reached.seq, leaseUntil: leaseEnd(leaseMs) } }],
      session && { session },
    );
    if (matchedCount === 0) throw new StreamLost();
  }

  /** Another process may go on at once. */
  async release({ name, fence }: HeldStream): Promise<void> {
    await this.states.updateOne({ _id: name, fence }, { $set: { holder: null, leaseUntil: new Date(0) } });
  }

  /** Tells who follows it that a reader waits for changes up to a mark. */
  async ask(name: string, { time, count, deployment }: Mark): Promise<void> {
    await this.states.updateOne({ _id: name, deployment }, { $max: { asked: time, marks: count } });
  }

  /** The position is of this deployment, as it is now: what was asked of another one is not waited for. */
  async moveTo({ name, fence }: HeldStream, { deployment, count: marks }: Mark): Promise<void> {
    await this.states.updateOne({ _id: name, fence }, { $set: { deployment, marks, asked: null } });
  }
}

const leaseEnd = (leaseMs: number) => ({ $add: ['$$NOW', leaseMs] });
