import {
  afterText,
  datasetName,
  deleteRecord,
  exportSelection,
  extendedJson,
  givenFilterText,
  putRecord,
  recordPutSchema,
  sinceCursor,
  sortKeys,
} from '@keyport/contracts';
import { Controller, Delete, Get, HttpCode, Param, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { RequiresDatasetScope } from '../access/scope.decorator.ts';
import { DataLeaves } from '../audit/data-leaves.decorator.ts';
import { formatOfMediaType, offeredTypes } from '../exports/media-types.ts';
import { Describe } from '../http/describe.ts';
import { fieldList, listed } from '../http/field-list.ts';
import { flag } from '../http/flag.ts';
import { jsonTextOf, TakesJsonText } from '../http/json-text.ts';
import { negotiate } from '../http/negotiate.ts';
import { negotiateEncoding } from '../http/negotiate-encoding.ts';
import { csvQuery, withCsv } from './csv-query.ts';
import { RecordsStream } from './records-stream.ts';
import { streamTrailers } from './stream-trailers.ts';

export const recordsQuery = z.strictObject({
  fields: fieldList(1000).optional(),
  limit: z.coerce.number().int().min(1).optional(),
  ejson: extendedJson.default('relaxed'),
  types: exportSelection.shape.types,
  ...csvQuery,
  /** A filter as JSON. */
  filter: givenFilterText.optional(),
  sort: listed(sortKeys).optional(),
  after: afterText.optional(),
  snapshot: flag.optional(),
  /** From `Keyport-Since` of an earlier answer: only what changed since, deleted records by their `_id`. */
  since: sinceCursor.optional(),
});

const sinceDescription =
  'Of a dataset with `trackChanges` the header `Keyport-Since` names where a later request can go on: with `since` it gives what changed, each record as it is now or, where it is gone, as `{"$deleted": true, "_id": …}`.';

@ApiTags('records')
@Controller('v1/datasets/:name/records')
export class RecordsController {
  constructor(
    private readonly bus: BusCaller,
    private readonly records: RecordsStream,
  ) {}

  @Get()
  @DataLeaves()
  @RequiresDatasetScope('records:read')
  @Describe({
    summary: 'Stream the records of a dataset; the format follows Accept, gzip or zstd Accept-Encoding',
    produces: offeredTypes,
    description: `${streamTrailers} ${sinceDescription}`,
    errors: [
      ...(['DATASET_NOT_FOUND', 'NOT_ACCEPTABLE', 'FIELD_NOT_ALLOWED', 'VALIDATION_FAILED'] as const),
      ...(['CURSOR_INVALID', 'SORT_TOO_LARGE', 'SNAPSHOT_GONE', 'SNAPSHOT_UNAVAILABLE'] as const),
      ...(['CURSOR_EXPIRED', 'CHANGES_NOT_TRACKED', 'CHANGES_NOT_ALLOWED', 'CHANGES_BEHIND'] as const),
    ],
  })
  async stream(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Query({ schema: recordsQuery }) query: z.output<typeof recordsQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = formatOfMediaType(negotiate(request.headers.accept, offeredTypes));
    const compression = negotiateEncoding(request.headers['accept-encoding']);
    void reply.header('vary', 'Accept, Accept-Encoding');
    await this.records.send(request, reply, dataset, { ...withCsv(query), format, compression });
  }

  @Get(':id')
  @DataLeaves()
  @RequiresDatasetScope('records:read')
  @Describe({
    summary: 'Read one record as relaxed Extended JSON',
    produces: ['application/json'],
    errors: ['RECORD_NOT_FOUND', 'DATASET_NOT_FOUND'],
  })
  async get(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.records.sendOne(request, reply, dataset, id);
  }

  // records asks for records:update too: whether there is a record to replace, it alone knows.
  @Put(':id')
  @TakesJsonText('The record as Extended JSON; its `_id`, where it has one, is that of the address')
  @RequiresDatasetScope('records:create')
  @Describe({
    summary: 'Create or replace one record',
    description:
      'Takes `records:create` and `records:update`. Checked and typed by the schema of the dataset, as an imported row. Answers 201 where there was no such record.',
    reply: recordPutSchema,
    errors: [
      'MALFORMED_BODY',
      'VALIDATION_FAILED',
      'ROW_NOT_ALLOWED',
      'FIELD_NOT_ALLOWED',
      'RECORD_KEY_TAKEN',
      'DATASET_NOT_FOUND',
    ],
  })
  async put(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const put = await this.bus.ask(request, putRecord, { dataset, id, json: jsonTextOf(request) });
    void reply
      .status(put.created ? 201 : 200)
      .header('location', `/v1/datasets/${dataset}/records/${encodeURIComponent(id)}`);
    return put;
  }

  @Delete(':id')
  @RequiresDatasetScope('records:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Delete one record',
    status: 204,
    errors: ['RECORD_NOT_FOUND', 'FIELD_NOT_ALLOWED', 'DATASET_NOT_FOUND'],
  })
  async delete(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) dataset: string,
    @Param('id') id: string,
  ): Promise<void> {
    await this.bus.ask(request, deleteRecord, { dataset, id });
  }
}
