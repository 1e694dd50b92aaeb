import { CallerOf, type Caller } from '@keyport/access';
import { listAudit, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { AuditService } from './audit.service.ts';

@Controller()
export class AuditHandler {
  constructor(private readonly audit: AuditService) {}

  @Handles(listAudit)
  list(@Payload() request: RequestOf<typeof listAudit>, @CallerOf() caller: Caller) {
    return this.audit.list(caller, request);
  }
}
