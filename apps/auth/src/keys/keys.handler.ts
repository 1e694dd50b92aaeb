import { CallerOf, type Caller } from '@keyport/access';
import { createKey, getKey, listKeys, revokeKey, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { KeysService } from './keys.service.ts';

@Controller()
export class KeysHandler {
  constructor(private readonly keys: KeysService) {}

  @Handles(createKey)
  create(@Payload() request: RequestOf<typeof createKey>, @CallerOf() caller: Caller) {
    return this.keys.create(caller, request);
  }

  @Handles(listKeys)
  list(@Payload() request: RequestOf<typeof listKeys>, @CallerOf() caller: Caller) {
    return this.keys.list(caller, request);
  }

  @Handles(getKey)
  get(@Payload() { keyId }: RequestOf<typeof getKey>, @CallerOf() caller: Caller) {
    return this.keys.get(caller, keyId);
  }

  @Handles(revokeKey)
  async revoke(@Payload() { keyId }: RequestOf<typeof revokeKey>, @CallerOf() caller: Caller) {
    await this.keys.revoke(caller, keyId);
    return {};
  }
}
