import { Caller, CallerOf } from '@keyport/access';
import {
  discardDeadLetter,
  discardDeadLetters,
  getDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
  summarizeDeadLetters,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeadLettersService } from './dead-letters.service.ts';
import { ReplayService } from './replay.service.ts';

@Controller()
export class DeadLettersHandler {
  constructor(
    private readonly letters: DeadLettersService,
    private readonly replays: ReplayService,
  ) {}

  @Handles(listDeadLetters)
  list(@Payload() request: RequestOf<typeof listDeadLetters>, @CallerOf() caller: Caller) {
    return this.letters.list(request, caller);
  }

  @Handles(getDeadLetter)
  get(@Payload() { deadLetterId }: RequestOf<typeof getDeadLetter>, @CallerOf() caller: Caller) {
    return this.letters.get(deadLetterId, caller);
  }

  @Handles(summarizeDeadLetters)
  summarize(@Payload() request: RequestOf<typeof summarizeDeadLetters>, @CallerOf() caller: Caller) {
    return this.letters.summarize(request, caller);
  }

  @Handles(replayDeadLetter)
  replay(@Payload() { deadLetterId }: RequestOf<typeof replayDeadLetter>, @CallerOf() caller: Caller) {
    return this.replays.replay(deadLetterId, caller);
  }

  @Handles(replayDeadLetters)
  replayAll(@Payload() request: RequestOf<typeof replayDeadLetters>, @CallerOf() caller: Caller) {
    return this.replays.replayAll(request, caller);
  }

  @Handles(discardDeadLetter)
  discard(@Payload() { deadLetterId }: RequestOf<typeof discardDeadLetter>, @CallerOf() caller: Caller) {
    return this.letters.discard(deadLetterId, caller);
  }

  @Handles(discardDeadLetters)
  discardAll(@Payload() request: RequestOf<typeof discardDeadLetters>, @CallerOf() caller: Caller) {
    return this.letters.discardAll(request, caller);
  }
}
