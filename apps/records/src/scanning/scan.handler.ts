import { Caller, CallerOf } from '@keyport/access';
import { scanRecords, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { ScanService } from './scan.service.ts';

@Controller()
export class ScanHandler {
  constructor(private readonly scans: ScanService) {}

  @Handles(scanRecords)
  scan(@Payload() request: RequestOf<typeof scanRecords>, @CallerOf() caller: Caller) {
    return this.scans.page(request, caller);
  }
}
