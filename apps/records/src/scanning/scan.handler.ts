import { Caller, CallerOf } from '@keyport/access';
import { readLargeRecord, scanRecords, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { LargeRecords } from './large-records.service.ts';
import { ScanService } from './scan.service.ts';

@Controller()
export class ScanHandler {
  constructor(
    private readonly scans: ScanService,
    private readonly large: LargeRecords,
  ) {}

  @Handles(scanRecords)
  scan(@Payload() request: RequestOf<typeof scanRecords>, @CallerOf() caller: Caller) {
    return this.scans.page(request, caller);
  }

  @Handles(readLargeRecord)
  readLarge(@Payload() request: RequestOf<typeof readLargeRecord>, @CallerOf() caller: Caller) {
    return this.large.read(request, caller);
  }
}
