import { type Caller, CallerOf } from '@keyport/access';
import { listLeft, undoImport, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { UndoService } from './undo.service.ts';

@Controller()
export class UndoHandler {
  constructor(private readonly undos: UndoService) {}

  @Handles(undoImport)
  undo(@Payload() { importId }: RequestOf<typeof undoImport>, @CallerOf() caller: Caller) {
    return this.undos.undo(importId, caller);
  }

  @Handles(listLeft)
  left(@Payload() request: RequestOf<typeof listLeft>, @CallerOf() caller: Caller) {
    return this.undos.left(request, caller);
  }
}
