import { createExportLink, createExportLinkSchema, exportLinkSchema, type ExportLink } from '@keyport/contracts';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, ByFileLink } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.ts';
import { Describe } from '../http/describe.ts';
import { ExportFile } from './export-file.ts';
import { fileTypes } from './media-types.ts';

/** The guard has read it. */
const linkQuery = z.object({ token: z.string() });

@ApiTags('exports')
@Controller('v1/exports/:id')
export class ExportLinksController {
  constructor(
    private readonly bus: BusCaller,
    private readonly file: ExportFile,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Post('link')
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Make an address of the file of a completed export that works without a token, for a short time',
    description:
      'Whoever has the address may fetch this file, and nothing else. It ends at its time (15 minutes unless told, 24 hours at most), with the file, and with the token that it was made with.',
    reply: exportLinkSchema,
    errors: ['EXPORT_NOT_FOUND', 'EXPORT_NOT_READY', 'EXPORT_EXPIRED', 'VALIDATION_FAILED'],
  })
  async link(
    @Req() request: AuthenticatedRequest,
    @Param('id') exportId: string,
    @Body({ schema: createExportLinkSchema.default(createExportLinkSchema.parse({})) })
    body: z.output<typeof createExportLinkSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ExportLink> {
    const { token, expiresAt } = await this.bus.ask(request, createExportLink, { ...body, exportId });
    void reply.header('cache-control', 'no-store');
    return { url: `${this.config.KEYPORT_PUBLIC_URL}/v1/exports/${exportId}/download?token=${token}`, expiresAt };
  }

  @Get('download')
  @DataLeaves()
  @ByFileLink()
  @Describe({
    summary: 'Download the file of a completed export by a link, with ranges',
    produces: fileTypes,
    errors: ['EXPORT_NOT_FOUND', 'EXPORT_NOT_READY', 'EXPORT_EXPIRED', 'PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE'],
  })
  download(
    @Req() request: AuthenticatedRequest,
    @Param('id') exportId: string,
    @Query({ schema: linkQuery }) _query: z.output<typeof linkQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.file.send(request, reply, exportId);
  }
}
