import { importSchema, leftRecordSchema, listLeft, listOf, pageRequest, undoImport } from '@keyport/contracts';
import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { Describe } from '../http/describe.ts';

@ApiTags('imports')
@Controller('v1')
export class UndoController {
  constructor(private readonly bus: BusCaller) {}

  @Post('imports/:id/undo')
  @AnyToken()
  @HttpCode(202)
  @Describe({
    summary: 'Undo an import: remove what it inserted and nobody changed since',
    description:
      'Runs on after the answer: read `undo` of the import. Asked again it answers how far that is; after a failure it goes on.',
    status: 202,
    reply: importSchema,
    errors: ['IMPORT_NOT_FOUND', 'IMPORT_STATE', 'UNDO_EXPIRED'],
  })
  undo(@Req() request: AuthenticatedRequest, @Param('id') importId: string) {
    return this.bus.ask(request, undoImport, { importId });
  }

  @Get('imports/:id/undo/left')
  @DataLeaves()
  @AnyToken()
  @Describe({
    summary: 'Records that an undo left, in the order of the file',
    reply: listOf(leftRecordSchema).meta({ id: 'LeftRecordList' }),
    errors: ['IMPORT_NOT_FOUND'],
  })
  left(
    @Req() request: AuthenticatedRequest,
    @Param('id') importId: string,
    @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>,
  ) {
    return this.bus.ask(request, listLeft, { importId, ...query });
  }
}
