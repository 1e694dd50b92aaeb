import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { sessionModel, type Session } from './session.model.ts';

export interface Ending {
  /** `sub` of who ends it. */
  readonly by: string;
  readonly reason: string;
}

export interface EndedSession extends Session {
  readonly endedAt: Date;
  readonly endedBy: string;
  readonly endReason: string;
}

@Injectable()
export class SessionsRepository {
  private readonly sessions: Model<Session>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.sessions = sessionModel(connection);
  }

  async insert(session: Session): Promise<void> {
    await this.sessions.create(session);
  }

  async find(sessionId: string): Promise<Session | null> {
    return this.sessions.findById(sessionId).lean<Session>();
  }

  /** One that has not ended. */
  async findLive(sessionId: string): Promise<Session | null> {
    return this.sessions.findOne({ _id: sessionId, endedAt: null, expiresAt: { $gt: new Date() } }).lean<Session>();
  }

  /** The user's that have not ended, newest first, those made before the one with the id `before`. */
  async livePage(userId: string, limit: number, before: string | undefined): Promise<Session[]> {
    const those = { userId, endedAt: null, expiresAt: { $gt: new Date() } };
    const filter = before === undefined ? those : { ...those, _id: { $lt: before } };
    return this.sessions.find(filter).sort({ _id: -1 }).limit(limit).lean<Session[]>();
  }

  /** As it is then; null where it has ended meanwhile. */
  async prolong(sessionId: string, change: Pick<Session, 'expiresAt' | 'dpopJkt'>): Promise<Session | null> {
    const still = { _id: sessionId, endedAt: null, expiresAt: { $gt: new Date() } };
    return this.sessions.findOneAndUpdate(still, { $set: change }, { returnDocument: 'after' }).lean<Session>();
  }

  async end(sessionId: string, ending: Ending): Promise<void> {
    await this.sessions.updateOne({ _id: sessionId, endedAt: null }, { $set: endingFields(ending) });
  }

  async endAllOf(
    userId: string,
    ending: Ending,
    { session, except }: { readonly session: ClientSession; readonly except?: string },
  ): Promise<void> {
    const those = { userId, endedAt: null, ...(except !== undefined && { _id: { $ne: except } }) };
    await this.sessions.updateMany(those, { $set: endingFields(ending) }, { session });
  }

  /** Sign-ins before the instant; those of one user, or of all. */
  async endBegunBefore(instant: Date, userId: string | undefined, ending: Ending): Promise<void> {
    const those = { endedAt: null, createdAt: { $lt: instant }, ...(userId !== undefined && { userId }) };
    await this.sessions.updateMany(those, { $set: endingFields(ending) });
  }

  async deleteAllOf(userId: string, session: ClientSession): Promise<void> {
    await this.sessions.deleteMany({ userId }, { session });
  }

  /** Those that have ended and whose access tokens are still good. */
  async unsettled(which: { readonly sessionId?: string; readonly userId?: string }): Promise<EndedSession[]> {
    const { sessionId, userId } = which;
    const those = { ...(sessionId !== undefined && { _id: sessionId }), ...(userId !== undefined && { userId }) };
    return this.sessions
      .find({ ...those, settled: false, endedAt: { $type: 'date' } })
      .limit(1000)
      .lean<EndedSession[]>();
  }

  async markSettled(sessionId: string): Promise<void> {
    await this.sessions.updateOne({ _id: sessionId }, { $set: { settled: true } });
  }
}

const endingFields = ({ by, reason }: Ending) => ({ endedAt: new Date(), endedBy: by, endReason: reason });
