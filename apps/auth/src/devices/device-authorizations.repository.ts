import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { deviceAuthorizationModel, type DeviceAuthorization } from './device-authorization.model.ts';
import { slowDownSeconds } from './device-rules.ts';

@Injectable()
export class DeviceAuthorizationsRepository {
  private readonly authorizations: Model<DeviceAuthorization>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.authorizations = deviceAuthorizationModel(connection);
  }

  /** False where another has this user code. */
  async insert(authorization: DeviceAuthorization): Promise<boolean> {
    try {
      await this.authorizations.create(authorization);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** How many of the client's wait for a person, or of those that one address asked for, counted up to the limit. */
  async countWaiting(of: { readonly clientId: string; readonly askedFrom?: string }, limit: number): Promise<number> {
    return this.authorizations.countDocuments({ ...of, ...waiting() }, { limit });
  }

  /** One that waits for a person. */
  async findWaiting(userCode: string): Promise<DeviceAuthorization | null> {
    return this.authorizations.findOne({ userCode, ...waiting() }).lean<DeviceAuthorization>();
  }

  async find(id: string): Promise<DeviceAuthorization | null> {
    return this.authorizations.findById(id).lean<DeviceAuthorization>();
  }

  /** Notes that the device asked; as it was before. */
  async notePoll(id: string, at: Date): Promise<DeviceAuthorization | null> {
    return this.authorizations
      .findByIdAndUpdate(id, { $set: { polledAt: at } }, { returnDocument: 'before' })
      .lean<DeviceAuthorization>();
  }

  async slowDown(id: string): Promise<void> {
    await this.authorizations.updateOne({ _id: id }, { $inc: { intervalSeconds: slowDownSeconds } });
  }

  /** True for one of all who decide. `sessionId`: approved; without one it is denied. */
  async decide(id: string, sessionId: string | null): Promise<boolean> {
    const decided = { state: sessionId === null ? 'denied' : 'approved', sessionId } as const;
    return (await this.authorizations.updateOne({ _id: id, ...waiting() }, { $set: decided })).modifiedCount > 0;
  }

  /** True for one of all who fetch the tokens. */
  async redeem(id: string): Promise<boolean> {
    const redeemed = { $set: { state: 'redeemed' } } as const;
    return (await this.authorizations.updateOne({ _id: id, state: 'approved' }, redeemed)).modifiedCount > 0;
  }
}

const waiting = () => ({ state: 'pending', expiresAt: { $gt: new Date() } }) as const;
