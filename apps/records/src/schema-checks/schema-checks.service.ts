import type { Caller } from '@keyport/access';
import {
  checkSchema,
  type changeDataset,
  type putDataset,
  type ReplyOf,
  type RequestOf,
  type SchemaCheck,
} from '@keyport/contracts';
import { Injectable } from '@nestjs/common';
import { DatasetService } from '../datasets/dataset.service.ts';
import { checkSchema as examine } from '../datasets/json-schema.ts';
import { RecordRows } from './record-rows.ts';
import { StoredRecords } from './stored-records.repository.ts';

/** Less than the contracts' deadlines; who changes a schema should not wait as long as who asks for this alone. */
const checkForMs = 20_000;
const afterChangeForMs = 4_000;

/** Says how many stored records a schema would refuse. Changing a schema touches none of them. */
@Injectable()
export class SchemaChecks {
  constructor(
    private readonly datasets: DatasetService,
    private readonly records: StoredRecords,
  ) {}

  /** Throws INSUFFICIENT_SCOPE for who may not read all records, DATASET_NOT_FOUND and SCHEMA_INVALID. */
  async check({ name, schema }: RequestOf<typeof checkSchema>, caller: Caller): Promise<SchemaCheck> {
    caller.require('datasets:read', name);
    caller.requireWhole('records:read', name);
    if (schema) examine(schema);
    const { collectionName, schemaText } = await this.datasets.existing(name);
    const wanted = schema ?? (schemaText === null ? undefined : (JSON.parse(schemaText) as Record<string, unknown>));
    return this.run(collectionName, wanted ?? {}, checkForMs);
  }

  /** As `DatasetService.put`, and says what the schema means for stored records. */
  async put(request: RequestOf<typeof putDataset>, caller: Caller): Promise<ReplyOf<typeof putDataset>> {
    return this.checked(request, await this.datasets.put(request, caller), caller);
  }

  /** As {@link put}, of a dataset that exists. */
  async change(request: RequestOf<typeof changeDataset>, caller: Caller): Promise<ReplyOf<typeof changeDataset>> {
    return this.checked(request, await this.datasets.change(request, caller), caller);
  }

  private async checked(
    { name, schema }: RequestOf<typeof changeDataset>,
    reply: ReplyOf<typeof putDataset>,
    caller: Caller,
  ): Promise<ReplyOf<typeof putDataset>> {
    const mayKnow = caller.limitsOn('records:read', name) === 'all';
    if (!schema || reply.created || !mayKnow || !reply.dataset.count) return reply;
    const { collectionName } = await this.datasets.existing(name, reply.dataset.id);
    return { ...reply, schemaCheck: await this.run(collectionName, schema, afterChangeForMs) };
  }

  private async run(collectionName: string, schema: Record<string, unknown>, forMs: number): Promise<SchemaCheck> {
    const rows = new RecordRows(schema);
    const until = performance.now() + forMs;
    for await (const batch of this.records.all(collectionName)) {
      rows.add(batch);
      if (performance.now() > until && !batch.isWhole) return rows.result(false);
    }
    return rows.result(true);
  }
}
