import { MONGO_CONNECTION, syncIndexes } from '@keyport/mongo';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Connection } from 'mongoose';
import { chunkResultModel } from './imports/chunk-result.model.ts';
import { importModel } from './imports/import.model.ts';
import { deadLetterModel } from './dead-letters/dead-letter.model.ts';
import { deadLetterTotalsModel } from './dead-letters/dead-letter-totals.model.ts';
import { rejectTotalsModel } from './rejects/reject-totals.model.ts';
import { rejectedRowModel } from './rejects/rejected-row.model.ts';
import { ingestHoldModel } from './ingest/ingest-hold.model.ts';
import { usedQuotaModel } from './quotas/used-quota.model.ts';

const models = [
  importModel,
  chunkResultModel,
  rejectedRowModel,
  rejectTotalsModel,
  ingestHoldModel,
  usedQuotaModel,
  deadLetterModel,
  deadLetterTotalsModel,
];

/** Collections and their indexes, before the first import is looked for. */
@Injectable()
export class StoredState implements OnModuleInit {
  constructor(@Inject(MONGO_CONNECTION) private readonly connection: Connection) {}

  async onModuleInit(): Promise<void> {
    for (const model of models) model(this.connection);
    await syncIndexes(this.connection);
  }
}
