import { z } from 'zod';
import { defineRequest } from '../define.ts';
import { datasetAction } from '../scopes.ts';
import { datasetName, jobId } from '../shapes.ts';

/**
 * Asked by import and export when a job is accepted, with the caller's context: freezes the caller's rights on one
 * dataset, row and field limits included, into a signed grant that outlives the token. The grant's `jti` is the job's id.
 */
export const createGrant = defineRequest({
  subject: 'auth.v1.grants.create',
  request: z.object({
    jobId,
    dataset: datasetName,
    /** Dataset actions the job needs, such as `records:create`. */
    actions: z.array(datasetAction).min(1).max(20),
  }),
  reply: z.object({ grant: z.string() }),
  idempotent: true,
});

/**
 * Asked by import for events on `ingest.v1.<dataset>`: NATS alone says who may publish there, so there is no caller
 * whose rights could be frozen. The grant lets records of this dataset be created, changed and deleted, for an hour. NATS
 * permissions let nobody but import ask.
 */
export const createIngestGrant = defineRequest({
  subject: 'auth.v1.grants.ingest',
  request: z.object({ dataset: datasetName }),
  reply: z.object({ grant: z.string() }),
  idempotent: true,
  authority: 'anyone',
});
