import { Caller, CallerOf } from '@keyport/access';
import { inferDatasetSchema, previewImport, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PreviewsService } from './previews.service.ts';

@Controller()
export class PreviewsHandler {
  constructor(private readonly previews: PreviewsService) {}

  @Handles(previewImport)
  preview(@Payload() request: RequestOf<typeof previewImport>, @CallerOf() caller: Caller) {
    return this.previews.preview(request, caller);
  }

  @Handles(inferDatasetSchema)
  infer(@Payload() request: RequestOf<typeof inferDatasetSchema>, @CallerOf() caller: Caller) {
    return this.previews.infer(request, caller);
  }
}
