import { type Caller, CallerOf } from '@keyport/access';
import { getImportProgress, pauseImport, resumeImport, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PausingService } from './pausing.service.ts';

@Controller()
export class ImportControlHandler {
  constructor(private readonly pausing: PausingService) {}

  @Handles(pauseImport)
  pause(@Payload() { importId }: RequestOf<typeof pauseImport>, @CallerOf() caller: Caller) {
    return this.pausing.pause(importId, caller);
  }

  @Handles(resumeImport)
  resume(@Payload() { importId }: RequestOf<typeof resumeImport>, @CallerOf() caller: Caller) {
    return this.pausing.resume(importId, caller);
  }

  @Handles(getImportProgress)
  progress(@Payload() { importId }: RequestOf<typeof getImportProgress>, @CallerOf() caller: Caller) {
    return this.pausing.progress(importId, caller);
  }
}
