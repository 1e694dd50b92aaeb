import {
  datasetName,
  inferDatasetSchema,
  inferredSchema,
  maxSampleBytes,
  previewImport,
  previewSchema,
  type ImportOptions,
} from '@keyport/contracts';
import { Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresDatasetScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { collectedBody } from '../http/collected-body.ts';
import { answerWithoutBody } from '../http/unread-body.ts';
import { bodyOf } from '../spool/request-body.ts';
import { encodingOf, formatOf, importQuery, requireWriteScopes } from './import-request.ts';
import { TakesFile } from './takes-file.ts';

const json = 'application/json; charset=utf-8';
/** Milliseconds for a sample to arrive. */
const sampleMs = 60_000;
const refusals = [
  ...(['EMPTY_FILE', 'BAD_HEADER', 'MALFORMED_FILE', 'TRUNCATED_ARRAY', 'VALIDATION_FAILED'] as const),
  ...(['DECOMPRESSION_FAILED', 'DECOMPRESSION_RATIO', 'DECOMPRESSION_WINDOW', 'UPLOAD_INCOMPLETE'] as const),
  ...(['UNSUPPORTED_MEDIA_TYPE', 'UNSUPPORTED_CONTENT_ENCODING'] as const),
];

/** Looks at the beginning of a file: the body may be the whole file, of which no more than a sample is read. */
@ApiTags('imports')
@Controller('v1/datasets/:name')
export class PreviewsController {
  constructor(private readonly bus: BusCaller) {}

  @Post('imports/preview')
  @TakesFile()
  @RequiresDatasetScope('imports:create')
  @HttpCode(200)
  @Describe({
    summary: 'Show what an import would make of the beginning of a file: its dialect, types, first rows and faults',
    description: `Looks at the first ${maxSampleBytes} bytes at most, and writes nothing. Options as for an import.`,
    reply: previewSchema,
    errors: ['DATASET_NOT_FOUND', 'SCHEMA_INVALID', ...refusals],
  })
  async preview(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: importQuery }) options: z.output<typeof importQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireWriteScopes(request, dataset, options);
    const asked = await this.askedOf(request, dataset, options);
    const answer = await this.bus.ask(request, previewImport, asked);
    if (!asked.isWhole) answerWithoutBody(request, reply);
    await reply.type(json).send(answer.json);
  }

  @Post('infer')
  @TakesFile()
  @RequiresDatasetScope('datasets:read')
  @HttpCode(200)
  @Describe({
    summary: 'Propose a JSON Schema for rows like those of a file',
    description: `Looks at the first ${maxSampleBytes} bytes at most, and writes nothing; the dataset need not exist. Options as for an import; \`types\` is \`lossless\` unless given.`,
    reply: inferredSchema,
    errors: [...refusals],
  })
  async infer(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: importQuery }) options: z.output<typeof importQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = await this.askedOf(request, dataset, options);
    const answer = await this.bus.ask(request, inferDatasetSchema, asked);
    if (!asked.isWhole) answerWithoutBody(request, reply);
    await reply.type(json).send(answer.json);
  }

  private async askedOf(request: AuthenticatedRequest, dataset: string, options: ImportOptions) {
    const format = formatOf(request.headers['content-type']);
    const contentEncoding = encodingOf(request.headers['content-encoding']);
    const { bytes: sample, isWhole } = await collectedBody(bodyOf(request), maxSampleBytes, sampleMs);
    return { dataset, format, contentEncoding, options, sample, isWhole };
  }
}
