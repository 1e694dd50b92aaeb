import { Caller, CallerOf } from '@keyport/access';
import { readChanges, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ChangesService } from './changes.service.ts';

@Controller()
export class ChangesHandler {
  constructor(private readonly changes: ChangesService) {}

  @Handles(readChanges)
  read(@Payload() request: RequestOf<typeof readChanges>, @CallerOf() caller: Caller) {
    return this.changes.page(request, caller);
  }
}
