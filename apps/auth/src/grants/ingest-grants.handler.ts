import { createIngestGrant, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { IngestGrantsService } from './ingest-grants.service.ts';

@Controller()
export class IngestGrantsHandler {
  constructor(private readonly grants: IngestGrantsService) {}

  @Handles(createIngestGrant)
  async create(@Payload() { dataset }: RequestOf<typeof createIngestGrant>) {
    return { grant: await this.grants.create(dataset) };
  }
}
