import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { clientModel, type Client } from './client.model.ts';

@Injectable()
export class ClientsRepository {
  private readonly clients: Model<Client>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.clients = clientModel(connection);
  }

  async insert(client: Client): Promise<void> {
    await this.clients.create([client]);
  }

  async find(clientId: string): Promise<Client | null> {
    return this.clients.findById(clientId).lean<Client>();
  }

  /** By id; those that were deleted are not there. */
  async namesOf(clientIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.clients
      .find({ _id: { $in: clientIds } }, { name: 1 })
      .lean<Pick<Client, '_id' | 'name'>[]>();
    return new Map(found.map(({ _id, name }) => [_id, name]));
  }

  /** Newest first, those made before the one with the id `before`. */
  async page(limit: number, before: string | undefined): Promise<Client[]> {
    const filter = before === undefined ? {} : { _id: { $lt: before } };
    return this.clients.find(filter).sort({ _id: -1 }).limit(limit).lean<Client[]>();
  }

  /** Gives the client as it is then; null where it was changed meanwhile, or is gone. */
  async change({ _id, scopes }: Client, change: Partial<Client>): Promise<Client | null> {
    return this.clients.findOneAndUpdate({ _id, scopes }, { $set: change }, { returnDocument: 'after' }).lean<Client>();
  }

  async delete(clientId: string): Promise<void> {
    await this.clients.deleteOne({ _id: clientId });
  }
}
