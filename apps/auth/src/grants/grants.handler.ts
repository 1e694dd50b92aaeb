import { CallerOf, type Caller } from '@keyport/access';
import { createGrant, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { GrantsService } from './grants.service.ts';

@Controller()
export class GrantsHandler {
  constructor(private readonly grants: GrantsService) {}

  @Handles(createGrant)
  async create(@Payload() request: RequestOf<typeof createGrant>, @CallerOf() caller: Caller) {
    return { grant: await this.grants.create(caller, request) };
  }
}
