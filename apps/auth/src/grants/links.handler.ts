import { CallerOf, type Caller } from '@keyport/access';
import { signFileLink, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { LinksService } from './links.service.ts';

@Controller()
export class LinksHandler {
  constructor(private readonly links: LinksService) {}

  @Handles(signFileLink)
  sign(@Payload() request: RequestOf<typeof signFileLink>, @CallerOf() caller: Caller) {
    return this.links.sign(caller, request);
  }
}
