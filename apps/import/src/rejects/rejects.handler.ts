import { type Caller, CallerOf } from '@keyport/access';
import { listCorrectableRows, listRejects, summarizeRejects, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { RejectsService } from './rejects.service.ts';

@Controller()
export class RejectsHandler {
  constructor(private readonly rejects: RejectsService) {}

  @Handles(listRejects)
  list(@Payload() request: RequestOf<typeof listRejects>, @CallerOf() caller: Caller) {
    return this.rejects.list(request, caller);
  }

  @Handles(listCorrectableRows)
  correctable(@Payload() request: RequestOf<typeof listCorrectableRows>, @CallerOf() caller: Caller) {
    return this.rejects.correctable(request, caller);
  }

  @Handles(summarizeRejects)
  summary(@Payload() { importId }: RequestOf<typeof summarizeRejects>, @CallerOf() caller: Caller) {
    return this.rejects.summary(importId, caller);
  }
}
