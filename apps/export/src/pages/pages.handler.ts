import { CallerOf, type Caller } from '@keyport/access';
import { readPage, type ReplyOf, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { PagesService } from './pages.service.ts';

@Controller()
export class PagesHandler {
  constructor(private readonly pages: PagesService) {}

  @Handles(readPage)
  read(
    @Payload() request: RequestOf<typeof readPage>,
    @CallerOf() caller: Caller,
  ): AsyncIterable<ReplyOf<typeof readPage>> {
    return this.pages.read(request, caller);
  }
}
