import { type Caller, CallerOf } from '@keyport/access';
import {
  cancelImport,
  createImport,
  getImport,
  listImports,
  listRejects,
  sealUpload,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ImportsService } from './imports.service.ts';

@Controller()
export class ImportsHandler {
  constructor(private readonly imports: ImportsService) {}

  @Handles(createImport)
  create(@Payload() request: RequestOf<typeof createImport>, @CallerOf() caller: Caller) {
    return this.imports.create(request, caller);
  }

  @Handles(sealUpload)
  seal(@Payload() request: RequestOf<typeof sealUpload>, @CallerOf() caller: Caller) {
    return this.imports.seal(request, caller);
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

  @Handles(listRejects)
  rejects(@Payload() request: RequestOf<typeof listRejects>, @CallerOf() caller: Caller) {
    return this.imports.rejects(request, caller);
  }
}
