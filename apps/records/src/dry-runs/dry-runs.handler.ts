import { Caller, CallerOf } from '@keyport/access';
import { forgetDryRun, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DryRunsService } from './dry-runs.service.ts';

@Controller()
export class DryRunsHandler {
  constructor(private readonly dryRuns: DryRunsService) {}

  @Handles(forgetDryRun)
  forget(@Payload() request: RequestOf<typeof forgetDryRun>, @CallerOf() caller: Caller) {
    return this.dryRuns.forget(request, caller);
  }
}
