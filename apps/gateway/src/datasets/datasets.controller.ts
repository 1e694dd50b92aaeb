import {
  changeDataset,
  changeDatasetSchema,
  datasetListSchema,
  datasetName,
  datasetSchema,
  deleteDataset,
  getDataset,
  listDatasets,
  pageRequest,
  putDataset,
  putDatasetSchema,
  schemaCheckSchema,
} from '@keyport/contracts';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken, RequiresDatasetScope } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';

/** Stored records stay as they are: how many of them a new schema would refuse is said to who may read them. */
export const putDatasetReply = datasetSchema
  .extend({ schemaCheck: schemaCheckSchema.optional() })
  .meta({ id: 'DatasetPut' });

@ApiTags('datasets')
@Controller('v1/datasets')
export class DatasetsController {
  constructor(private readonly bus: BusCaller) {}

  @Get()
  @AnyToken()
  @Describe({
    summary: 'List the datasets that this token may read',
    reply: datasetListSchema,
    errors: ['VALIDATION_FAILED'],
  })
  list(@Req() request: AuthenticatedRequest, @Query({ schema: pageRequest }) query: z.output<typeof pageRequest>) {
    return this.bus.ask(request, listDatasets, query);
  }

  // Creating asks for datasets:create and changing for datasets:update; which of the two it is, records alone knows.
  @Put(':name')
  @AnyToken()
  @Describe({
    summary: 'Create a dataset, which may be a collection that exists, or change it',
    reply: putDatasetReply,
    errors: [
      ...(['VALIDATION_FAILED', 'SCHEMA_INVALID', 'DATASET_KEY_FIXED', 'DATASET_MAPPING_FIXED'] as const),
      ...(['SOURCE_UNKNOWN', 'SOURCE_UNAVAILABLE', 'MAPPING_REFUSED', 'KEY_INDEX_MISSING'] as const),
      ...(['DATASET_INDEXES_FIXED', 'INDEX_NOT_UNIQUE', 'INDEX_REFUSED'] as const),
    ],
  })
  async put(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) name: string,
    @Body({ schema: putDatasetSchema }) body: z.output<typeof putDatasetSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { dataset, created, schemaCheck } = await this.bus.ask(request, putDataset, { ...body, name });
    void reply.status(created ? 201 : 200).header('location', `/v1/datasets/${name}`);
    return { ...dataset, ...(schemaCheck && { schemaCheck }) };
  }

  @Patch(':name')
  @RequiresDatasetScope('datasets:update')
  @Describe({
    summary: 'Change the schema, key or indexes of a dataset, or whether its changes are kept',
    description: 'After RFC 7396: what is not named stays as it is, null takes away. A schema is replaced as a whole.',
    reply: putDatasetReply,
    errors: [
      ...(['VALIDATION_FAILED', 'SCHEMA_INVALID', 'DATASET_NOT_FOUND', 'DATASET_KEY_FIXED'] as const),
      ...(['DATASET_MAPPING_FIXED', 'SOURCE_UNAVAILABLE'] as const),
      ...(['DATASET_INDEXES_FIXED', 'INDEX_NOT_UNIQUE', 'INDEX_REFUSED'] as const),
    ],
  })
  async change(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) name: string,
    @Body({ schema: changeDatasetSchema }) body: z.output<typeof changeDatasetSchema>,
  ) {
    const { dataset, schemaCheck } = await this.bus.ask(request, changeDataset, { ...body, name });
    return { ...dataset, ...(schemaCheck && { schemaCheck }) };
  }

  @Get(':name')
  @RequiresDatasetScope('datasets:read')
  @Describe({ summary: 'Read one dataset', reply: datasetSchema, errors: ['DATASET_NOT_FOUND'] })
  get(@Req() request: AuthenticatedRequest, @Param('name', { schema: datasetName }) name: string) {
    return this.bus.ask(request, getDataset, { name });
  }

  @Delete(':name')
  @RequiresDatasetScope('datasets:delete')
  @HttpCode(204)
  @Describe({
    summary: 'Delete a dataset and its records; a mapped collection stays',
    status: 204,
    errors: ['DATASET_NOT_FOUND'],
  })
  async delete(
    @Req() request: AuthenticatedRequest,
    @Param('name', { schema: datasetName }) name: string,
  ): Promise<void> {
    await this.bus.ask(request, deleteDataset, { name });
  }
}
