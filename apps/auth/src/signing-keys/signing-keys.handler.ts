import { CallerOf, type Caller } from '@keyport/access';
import { listSigningKeys, revokeSigningKey, rotateSigningKeys, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { SigningKeyChangesService } from './signing-key-changes.service.ts';

@Controller()
export class SigningKeysHandler {
  constructor(private readonly changes: SigningKeyChangesService) {}

  @Handles(listSigningKeys)
  list(@Payload() _request: RequestOf<typeof listSigningKeys>, @CallerOf() caller: Caller) {
    return this.changes.list(caller);
  }

  @Handles(rotateSigningKeys)
  rotate(@Payload() _request: RequestOf<typeof rotateSigningKeys>, @CallerOf() caller: Caller) {
    return this.changes.rotate(caller);
  }

  @Handles(revokeSigningKey)
  async revoke(@Payload() { kid }: RequestOf<typeof revokeSigningKey>, @CallerOf() caller: Caller) {
    await this.changes.revoke(caller, kid);
    return {};
  }
}
