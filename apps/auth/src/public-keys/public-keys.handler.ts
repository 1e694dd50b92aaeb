import { CallerOf, type Caller } from '@keyport/access';
import { createPublicKey, getPublicKey, listPublicKeys, revokePublicKey, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PublicKeysService } from './public-keys.service.ts';

@Controller()
export class PublicKeysHandler {
  constructor(private readonly publicKeys: PublicKeysService) {}

  @Handles(createPublicKey)
  create(@Payload() request: RequestOf<typeof createPublicKey>, @CallerOf() caller: Caller) {
    return this.publicKeys.create(caller, request);
  }

  @Handles(listPublicKeys)
  list(@Payload() request: RequestOf<typeof listPublicKeys>, @CallerOf() caller: Caller) {
    return this.publicKeys.list(caller, request);
  }

  @Handles(getPublicKey)
  get(@Payload() { publicKeyId }: RequestOf<typeof getPublicKey>, @CallerOf() caller: Caller) {
    return this.publicKeys.get(caller, publicKeyId);
  }

  @Handles(revokePublicKey)
  async revoke(@Payload() { publicKeyId }: RequestOf<typeof revokePublicKey>, @CallerOf() caller: Caller) {
    await this.publicKeys.revoke(caller, publicKeyId);
    return {};
  }
}
