import { isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { KeyportError } from '@keyport/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { ClientSession, Connection, Model } from 'mongoose';
import { userModel, type User } from './user.model.ts';

export type UserPatch = Partial<Pick<User, 'role' | 'scopes' | 'disabled' | 'passwordHash'>>;

/** Users stored before there was more than an owner lack what came later. */
const withDefaults = (user: User): User => ({ ...sinceThen, ...user });
const sinceThen = { scopes: [], disabled: false, lastLoginAt: null };
const found = (user: User | null): User | null => user && withDefaults(user);

const canSignIn = { disabled: { $ne: true } };

@Injectable()
export class UsersRepository {
  private readonly users: Model<User>;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.users = userModel(connection);
  }

  /** Throws EMAIL_TAKEN. */
  async add(user: User): Promise<void> {
    try {
      await this.users.create(user);
    } catch (error) {
      if (isDuplicateKey(error)) throw new KeyportError('EMAIL_TAKEN', {}, { cause: error });
      throw error;
    }
  }

  async insert(user: User, session: ClientSession): Promise<void> {
    await this.users.create([user], { session });
  }

  async find(userId: string, session: ClientSession | null = null): Promise<User | null> {
    return found(await this.users.findById(userId).session(session).lean<User>());
  }

  async findByEmail(email: string): Promise<User | null> {
    return found(await this.users.findOne({ email: email.toLowerCase() }).lean<User>());
  }

  /** Newest first, those made before the user `before`. */
  async page(limit: number, before: string | undefined): Promise<User[]> {
    const filter = before === undefined ? {} : { _id: { $lt: before } };
    return (await this.users.find(filter).sort({ _id: -1 }).limit(limit).lean<User[]>()).map(withDefaults);
  }

  async change(userId: string, patch: UserPatch, session: ClientSession): Promise<User | null> {
    const options = { session, returnDocument: 'after' } as const;
    return found(await this.users.findByIdAndUpdate(userId, { $set: patch }, options).lean<User>());
  }

  async delete(userId: string, session: ClientSession): Promise<void> {
    await this.users.deleteOne({ _id: userId }, { session });
  }

  /** Finds another owner who can sign in, and writes to them; false where there is none. */
  async keepOtherOwner(userId: string, session: ClientSession): Promise<boolean> {
    const other = { role: 'owner' as const, ...canSignIn, _id: { $ne: userId } };
    return (await this.users.findOneAndUpdate(other, { $inc: { timesStayed: 1 } }, { session }).lean()) !== null;
  }

  /** Notes a sign-in; false where the user may not sign in any more, or not with the password that was checked. */
  async noteLogin({ _id, passwordHash }: User): Promise<boolean> {
    const still = { _id, passwordHash, ...canSignIn };
    return (await this.users.updateOne(still, { $set: { lastLoginAt: new Date() } })).matchedCount > 0;
  }

  /** False where the password is no longer the one that was checked. */
  async replacePassword(userId: string, checkedHash: string, newHash: string, session: ClientSession) {
    const still = { _id: userId, passwordHash: checkedHash };
    const { matchedCount } = await this.users.updateOne(still, { $set: { passwordHash: newHash } }, { session });
    return matchedCount > 0;
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
