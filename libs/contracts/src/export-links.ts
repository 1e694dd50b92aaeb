import { z } from 'zod';
import { defineRequest } from './define.ts';
import { datasetName, instant, jobId, jobReference } from './shapes.ts';

/** A link is for whoever is handed it: it is to be used soon. */
export const maxLinkSeconds = 24 * 3600;

const lifetime = z.number().int().min(1).max(maxLinkSeconds);

export const createExportLinkSchema = z
  .strictObject({ expiresInSeconds: lifetime.default(900) })
  .meta({ id: 'CreateExportLink' });

export const exportLinkSchema = z
  .object({
    /** Whoever has it may fetch the file: a secret. */
    url: z.string(),
    /** Sooner than asked for where the file, or the key that asks, ends before. */
    expiresAt: instant,
  })
  .meta({ id: 'ExportLink' });
export type ExportLink = z.output<typeof exportLinkSchema>;

/** The token of a link, and when it ends. */
const signedLink = z.object({ token: z.string(), expiresAt: instant });

/** For whoever may read the file of a completed export. */
export const createExportLink = defineRequest({
  subject: 'export.v1.links.create',
  request: createExportLinkSchema.extend({ exportId: jobReference }),
  reply: signedLink,
  idempotent: true,
});

/**
 * Asked by export, with the context of who may read the file: signs a token that is good for reading it and for nothing
 * else, that ends with the token it was asked with, and holds no more than its rights to exports of that dataset.
 */
export const signFileLink = defineRequest({
  subject: 'auth.v1.links.sign',
  request: z.object({ exportId: jobId, dataset: datasetName, expiresInSeconds: lifetime }),
  reply: signedLink,
  idempotent: true,
});
