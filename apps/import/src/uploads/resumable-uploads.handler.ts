import { type Caller, CallerOf } from '@keyport/access';
import { acknowledgeUpload, getUpload, refuseUpload, resumeUpload, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ResumableUploads } from './resumable-uploads.service.ts';

@Controller()
export class ResumableUploadsHandler {
  constructor(private readonly uploads: ResumableUploads) {}

  @Handles(getUpload)
  get(@Payload() { importId }: RequestOf<typeof getUpload>, @CallerOf() caller: Caller) {
    return this.uploads.get(importId, caller);
  }

  @Handles(resumeUpload)
  resume(@Payload() request: RequestOf<typeof resumeUpload>, @CallerOf() caller: Caller) {
    return this.uploads.resume(request, caller);
  }

  @Handles(acknowledgeUpload)
  acknowledge(@Payload() request: RequestOf<typeof acknowledgeUpload>, @CallerOf() caller: Caller) {
    return this.uploads.acknowledge(request, caller);
  }

  @Handles(refuseUpload)
  refuse(@Payload() request: RequestOf<typeof refuseUpload>, @CallerOf() caller: Caller) {
    return this.uploads.refuse(request, caller);
  }
}
