import { CallerOf, type Caller } from '@keyport/access';
import {
  changeIssuer,
  createIssuer,
  deleteIssuer,
  getIssuer,
  listIssuers,
  refreshIssuerKeys,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { KeySetsService } from '../key-sets/key-sets.service.ts';
import { IssuersService } from './issuers.service.ts';

@Controller()
export class IssuersHandler {
  constructor(
    private readonly issuers: IssuersService,
    private readonly keySets: KeySetsService,
  ) {}

  @Handles(createIssuer)
  create(@Payload() request: RequestOf<typeof createIssuer>, @CallerOf() caller: Caller) {
    return this.issuers.create(caller, request);
  }

  @Handles(listIssuers)
  list(@Payload() request: RequestOf<typeof listIssuers>, @CallerOf() caller: Caller) {
    return this.issuers.list(caller, request);
  }

  @Handles(getIssuer)
  get(@Payload() { issuerId }: RequestOf<typeof getIssuer>, @CallerOf() caller: Caller) {
    return this.issuers.get(caller, issuerId);
  }

  @Handles(changeIssuer)
  change(@Payload() request: RequestOf<typeof changeIssuer>, @CallerOf() caller: Caller) {
    return this.issuers.change(caller, request);
  }

  @Handles(deleteIssuer)
  async delete(@Payload() { issuerId }: RequestOf<typeof deleteIssuer>, @CallerOf() caller: Caller) {
    await this.issuers.delete(caller, issuerId);
    return {};
  }

  @Handles(refreshIssuerKeys)
  async refreshKeys(@Payload() { issuerId, kid }: RequestOf<typeof refreshIssuerKeys>) {
    return { isThere: await this.keySets.look(issuerId, kid) };
  }
}
