import { CallerOf, type Caller } from '@keyport/access';
import { createRevocation, deleteRevocation, listRevocations, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AskedRevocationsService } from './asked-revocations.service.ts';

@Controller()
export class RevocationsHandler {
  constructor(private readonly revocations: AskedRevocationsService) {}

  @Handles(createRevocation)
  create(@Payload() request: RequestOf<typeof createRevocation>, @CallerOf() caller: Caller) {
    return this.revocations.create(caller, request);
  }

  @Handles(listRevocations)
  list(@Payload() request: RequestOf<typeof listRevocations>, @CallerOf() caller: Caller) {
    return this.revocations.list(caller, request);
  }

  @Handles(deleteRevocation)
  async delete(@Payload() { revocationId }: RequestOf<typeof deleteRevocation>, @CallerOf() caller: Caller) {
    await this.revocations.delete(caller, revocationId);
    return {};
  }
}
