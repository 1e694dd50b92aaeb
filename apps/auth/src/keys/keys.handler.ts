import { CallerOf, type Caller } from '@keyport/access';
import {
  changeKey,
  createKey,
  getKey,
  listKeys,
  reportUse,
  revokeKey,
  rotateKey,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { KeyMintingService } from './key-minting.service.ts';
import { KeyRotationService } from './key-rotation.service.ts';
import { KeysService } from './keys.service.ts';

@Controller()
export class KeysHandler {
  constructor(
    private readonly keys: KeysService,
    private readonly minting: KeyMintingService,
    private readonly rotation: KeyRotationService,
  ) {}

  @Handles(createKey)
  create(@Payload() request: RequestOf<typeof createKey>, @CallerOf() caller: Caller) {
    return this.minting.create(caller, request);
  }

  @Handles(listKeys)
  list(@Payload() request: RequestOf<typeof listKeys>, @CallerOf() caller: Caller) {
    return this.keys.list(caller, request);
  }

  @Handles(getKey)
  get(@Payload() { keyId }: RequestOf<typeof getKey>, @CallerOf() caller: Caller) {
    return this.keys.get(caller, keyId);
  }

  @Handles(changeKey)
  change(@Payload() request: RequestOf<typeof changeKey>, @CallerOf() caller: Caller) {
    return this.keys.change(caller, request);
  }

  @Handles(rotateKey)
  rotate(@Payload() request: RequestOf<typeof rotateKey>, @CallerOf() caller: Caller) {
    return this.rotation.rotate(caller, request);
  }

  @Handles(revokeKey)
  async revoke(@Payload() { keyId }: RequestOf<typeof revokeKey>, @CallerOf() caller: Caller) {
    await this.keys.revoke(caller, keyId);
    return {};
  }

  @Handles(reportUse)
  async noteUse(@Payload() request: RequestOf<typeof reportUse>) {
    await this.keys.noteUse(request);
    return {};
  }
}
