import { checkSchema, checkSchemaBody, datasetName, schemaCheckSchema } from '@keyport/contracts';
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresDatasetScope } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('datasets')
@Controller('v1/datasets/:name/schema')
export class SchemaChecksController {
  constructor(private readonly bus: BusCaller) {}

  // records asks for datasets:read too.
  @Post('check')
  @DataLeaves()
  @RequiresDatasetScope('records:read')
  @HttpCode(200)
  @Describe({
    summary: 'Say how many stored records a schema would refuse',
    description:
      'Takes `records:read` and `datasets:read`, without limits of rows or fields. Looks for 20 seconds at most, and changes nothing.',
    reply: schemaCheckSchema,
    errors: ['DATASET_NOT_FOUND', 'SCHEMA_INVALID', 'VALIDATION_FAILED'],
  })
  check(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) name: string,
    @Body({ schema: checkSchemaBody }) body: z.output<typeof checkSchemaBody>,
  ) {
    return this.bus.ask(request, checkSchema, { ...body, name });
  }
}
