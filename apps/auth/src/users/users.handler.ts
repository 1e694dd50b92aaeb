import { CallerOf, type Caller } from '@keyport/access';
import { changeUser, createUser, deleteUser, getUser, listUsers, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { UsersService } from './users.service.ts';

@Controller()
export class UsersHandler {
  constructor(private readonly users: UsersService) {}

  @Handles(createUser)
  create(@Payload() request: RequestOf<typeof createUser>, @CallerOf() caller: Caller) {
    return this.users.create(caller, request);
  }

  @Handles(listUsers)
  list(@Payload() request: RequestOf<typeof listUsers>, @CallerOf() caller: Caller) {
    return this.users.list(caller, request);
  }

  @Handles(getUser)
  get(@Payload() { userId }: RequestOf<typeof getUser>, @CallerOf() caller: Caller) {
    return this.users.get(caller, userId);
  }

  @Handles(changeUser)
  change(@Payload() request: RequestOf<typeof changeUser>, @CallerOf() caller: Caller) {
    return this.users.change(caller, request);
  }

  @Handles(deleteUser)
  async delete(@Payload() { userId }: RequestOf<typeof deleteUser>, @CallerOf() caller: Caller) {
    await this.users.delete(caller, userId);
    return {};
  }
}
