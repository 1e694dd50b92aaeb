import { Caller, CallerOf } from '@keyport/access';
import { writeEvents, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { EventsService } from './events.service.ts';

@Controller()
export class EventsHandler {
  constructor(private readonly events: EventsService) {}

  @Handles(writeEvents)
  write(@Payload() request: RequestOf<typeof writeEvents>, @CallerOf() caller: Caller) {
    return this.events.write(request, caller);
  }
}
