import { type Caller, CallerOf } from '@keyport/access';
import { retryImport, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RetryService } from './retry.service.ts';

@Controller()
export class RetryHandler {
  constructor(private readonly retries: RetryService) {}

  @Handles(retryImport)
  retry(@Payload() { importId }: RequestOf<typeof retryImport>, @CallerOf() caller: Caller) {
    return this.retries.retry(importId, caller);
  }
}
