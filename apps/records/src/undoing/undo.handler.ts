import { Caller, CallerOf } from '@keyport/access';
import { undoChunk, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { UndoService } from './undo.service.ts';

@Controller()
export class UndoHandler {
  constructor(private readonly undos: UndoService) {}

  @Handles(undoChunk)
  undo(@Payload() request: RequestOf<typeof undoChunk>, @CallerOf() caller: Caller) {
    return this.undos.undo(request, caller);
  }
}
