import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { userModel, type User } from './user.model.ts';

@Injectable()
export class UsersRepository {
  private readonly users: Model<User>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.users = userModel(connection);
  }

  async insert(user: User, session: ClientSession): Promise<void> {
    await this.users.create([user], { session });
  }

  async findByEmail(email: string): Promise<User | null> {
    return this.users.findOne({ email: email.toLowerCase() }).lean<User>();
  }

  async hasOwner(): Promise<boolean> {
    return (await this.users.exists({ role: 'owner' })) !== null;
  }

  /** The owner whose `owner.json` has yet to be written. */
  async ownerWithUnwrittenFile(): Promise<(User & { readonly sealedOwnerFile: string }) | null> {
    return this.users
      .findOne({ role: 'owner', sealedOwnerFile: { $ne: null } })
      .lean<User & { readonly sealedOwnerFile: string }>();
  }

  async forgetOwnerFile(userId: string): Promise<void> {
    await this.users.updateOne({ _id: userId }, { $set: { sealedOwnerFile: null } });
  }
}
