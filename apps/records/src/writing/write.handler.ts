import { Caller, CallerOf } from '@keyport/access';
import { writeRecords, type RequestOf } from '@keyport/contracts';
import { giveBack, Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { WriteService } from './write.service.ts';

@Controller()
export class WriteHandler {
  constructor(private readonly writes: WriteService) {}

  @Handles(writeRecords)
  async write(@Payload() request: RequestOf<typeof writeRecords>, @CallerOf() caller: Caller) {
    const reply = await this.writes.write(request, caller);
    giveBack(request.documents);
    return reply;
  }
}
