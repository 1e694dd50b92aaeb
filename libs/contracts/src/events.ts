import { z } from 'zod';
import { datasetName, instant, jobId } from './shapes.ts';
import { importCounts } from './import.ts';

/** CloudEvents 1.0, JSON event format, the attributes that Keyport uses. */
export const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(256),
  source: z.string().min(1).max(512),
  type: z.string().min(1).max(256),
  subject: z.string().max(1024).optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  datacontenttype: z.string().optional(),
  data: z.unknown().optional(),
});
export type CloudEvent = z.output<typeof cloudEvent>;

/** One kind of event that Keyport publishes: its CloudEvents type and the subject it appears on. */
export interface EventContract<Data extends z.ZodType = z.ZodType> {
  readonly type: string;
  readonly subject: string;
  readonly data: Data;
}

const defineEvent = <Data extends z.ZodType>(event: EventContract<Data>) => event;

export const importCompleted = defineEvent({
  type: 'keyport.import.completed',
  subject: 'events.v1.import.completed',
  data: z.object({ importId: jobId, dataset: datasetName, counts: importCounts, finishedAt: instant }),
});

export const keyRevoked = defineEvent({
  type: 'keyport.key.revoked',
  subject: 'events.v1.key.revoked',
  data: z.object({ keyId: z.string(), revokedAt: instant }),
});

/** CloudEvents types that `ingest.v1.<dataset>` takes. */
export const ingestTypes = { upserted: 'keyport.record.upserted' } as const;

export const ingestSubject = (dataset: string) => `ingest.v1.${dataset}`;
