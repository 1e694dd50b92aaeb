import { Caller, CallerOf } from '@keyport/access';
import { checkSchema, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { SchemaChecks } from './schema-checks.service.ts';

@Controller()
export class SchemaChecksHandler {
  constructor(private readonly checks: SchemaChecks) {}

  @Handles(checkSchema)
  check(@Payload() request: RequestOf<typeof checkSchema>, @CallerOf() caller: Caller) {
    return this.checks.check(request, caller);
  }
}
