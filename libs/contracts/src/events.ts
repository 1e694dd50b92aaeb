import { z } from 'zod';

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

/** CloudEvents types that `ingest.v1.<dataset>` takes. */
export const ingestTypes = { upserted: 'keyport.record.upserted', deleted: 'keyport.record.deleted' } as const;

export const ingestSubject = (dataset: string) => `ingest.v1.${dataset}`;
