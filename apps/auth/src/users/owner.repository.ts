import { inTransaction, isDuplicateKey, MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection } from 'mongoose';
import type { Key } from '../keys/key.model.ts';
import { KeysRepository } from '../keys/keys.repository.ts';
import type { User } from './user.model.ts';
import { UsersRepository } from './users.repository.ts';

@Injectable()
export class OwnerRepository {
  constructor(
    @Inject(MONGO_CONNECTION) private readonly connection: Connection,
    private readonly users: UsersRepository,
    private readonly keys: KeysRepository,
  ) {}

  /** Stores the first owner and their key, both or neither; false where another process was first. */
  async insertFirst(owner: User, key: Key | undefined): Promise<boolean> {
    try {
      await inTransaction(this.connection, async (session) => {
        await this.users.insert(owner, session);
        if (key) await this.keys.insert(key, session);
      });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}
