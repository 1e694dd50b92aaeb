import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { usedQuotaModel, type UsedQuota } from './used-quota.model.ts';

export interface Use {
  readonly imports: number;
  readonly bytes: number;
}

/** Days after which what was used no longer matters: an upload that began before midnight may still give back. */
const keptDays = 3;

/** What holders have used, by UTC day. All within transactions: two that change the same day meet, and one is repeated. */
@Injectable()
export class UsedQuotasRepository {
  private readonly used: Model<UsedQuota>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.used = usedQuotaModel(connection);
  }

  async find(holder: string, day: string, session: ClientSession): Promise<Use> {
    const found = await this.used.findById(idOf(holder, day)).session(session).lean<UsedQuota>().exec();
    return { imports: found?.imports ?? 0, bytes: found?.bytes ?? 0 };
  }

  async add(holder: string, day: string, { imports, bytes }: Use, session: ClientSession): Promise<void> {
    const expiresAt = new Date(Date.parse(day) + keptDays * 24 * 3600 * 1000);
    await this.used.updateOne(
      { _id: idOf(holder, day) },
      { $inc: { imports, bytes }, $setOnInsert: { expiresAt } },
      { upsert: true, session },
    );
  }
}

const idOf = (holder: string, day: string) => `${day}|${holder}`;
