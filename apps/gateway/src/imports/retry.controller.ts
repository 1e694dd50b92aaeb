import { importSchema, retryImport, type Import } from '@keyport/contracts';
import { Controller, Param, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { ImportWaiter } from './import-waiter.ts';
import { preferHeader } from './takes-file.ts';

/** Asking again does no harm: the answer is the import that was made the first time. */
const patiently = { retryForMs: 15_000 };

@ApiTags('imports')
@Controller('v1/imports/:id')
export class RetryController {
  constructor(
    private readonly bus: BusCaller,
    private readonly waiter: ImportWaiter,
  ) {}

  @Post('retry')
  @AnyToken()
  @ApiHeader(preferHeader)
  @Describe({
    summary: 'Retry what an import rejected, as an import of its own',
    description:
      'With the options of the import and the dataset as it is now. `retry` says how many rows are asked again, and how many are left out since their text is not kept whole. Asked again it answers the same import.',
    status: 202,
    reply: importSchema,
    errors: [
      ...(['IMPORT_NOT_FOUND', 'IMPORT_STATE', 'NOTHING_TO_RETRY', 'ALREADY_RETRIED'] as const),
      ...(['QUOTA_EXCEEDED', 'TOO_MANY_IMPORTS', 'TOO_MANY_IMPORTS_IN_ALL'] as const),
    ],
  })
  async retry(
    @Req() request: AuthenticatedRequest,
    @Param('id') importId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Import> {
    return this.waiter.settle(request, reply, await this.bus.ask(request, retryImport, { importId }, patiently));
  }
}
