import { type Caller, CallerOf } from '@keyport/access';
import {
  cancelImport,
  createImport,
  getImport,
  listImports,
  reserveUpload,
  sealUpload,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ImportsService } from './imports.service.ts';
import { UploadsService } from './uploads.service.ts';

@Controller()
export class ImportsHandler {
  constructor(
    private readonly imports: ImportsService,
    private readonly uploads: UploadsService,
  ) {}

  @Handles(createImport)
  create(@Payload() request: RequestOf<typeof createImport>, @CallerOf() caller: Caller) {
    return this.uploads.create(request, caller);
  }

  @Handles(reserveUpload)
  reserve(@Payload() request: RequestOf<typeof reserveUpload>, @CallerOf() caller: Caller) {
    return this.uploads.reserve(request, caller);
  }

  @Handles(sealUpload)
  seal(@Payload() request: RequestOf<typeof sealUpload>, @CallerOf() caller: Caller) {
    return this.uploads.seal(request, caller);
  }

  @Handles(getImport)
  get(@Payload() { importId }: RequestOf<typeof getImport>, @CallerOf() caller: Caller) {
    return this.imports.get(importId, caller);
  }

  @Handles(listImports)
  list(@Payload() request: RequestOf<typeof listImports>, @CallerOf() caller: Caller) {
    return this.imports.list(request, caller);
  }

  @Handles(cancelImport)
  cancel(@Payload() { importId }: RequestOf<typeof cancelImport>, @CallerOf() caller: Caller) {
    return this.imports.cancel(importId, caller);
  }
}
