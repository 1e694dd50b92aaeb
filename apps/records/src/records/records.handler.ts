import { Caller, CallerOf } from '@keyport/access';
import { deleteRecord, getRecord, putRecord, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeleteRecordService } from './delete-record.service.ts';
import { PutRecordService } from './put-record.service.ts';
import { RecordService } from './record.service.ts';

@Controller()
export class RecordsHandler {
  constructor(
    private readonly records: RecordService,
    private readonly puts: PutRecordService,
    private readonly deletions: DeleteRecordService,
  ) {}

  @Handles(getRecord)
  get(@Payload() request: RequestOf<typeof getRecord>, @CallerOf() caller: Caller) {
    return this.records.get(request, caller);
  }

  @Handles(putRecord)
  put(@Payload() request: RequestOf<typeof putRecord>, @CallerOf() caller: Caller) {
    return this.puts.put(request, caller);
  }

  @Handles(deleteRecord)
  delete(@Payload() request: RequestOf<typeof deleteRecord>, @CallerOf() caller: Caller) {
    return this.deletions.delete(request, caller);
  }
}
