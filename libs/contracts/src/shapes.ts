import { z } from 'zod';

/** Instants cross every border as ISO 8601 text in UTC. */
export const instant = z.iso.datetime();

export const datasetName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must begin with a letter and hold a-z, 0-9, _ or - (63 at most)')
  .meta({ id: 'DatasetName', example: 'orders' });

/** Twelve bytes as hex. */
export const datasetId = z.string().regex(/^[0-9a-f]{24}$/);

/** Eight bytes as hex. Every record made by an import begins its `_id` with them, so no two imports can clash. */
export const jobId = z.string().regex(/^[0-9a-f]{16}$/);

/** How a request names a job: any text, so that a wrong one is simply not found. */
export const jobReference = z.string().min(1).max(2048);

/** Bulk bytes; only in contracts with `encoding: 'bson'`. */
export const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes');

/** MongoDB limits a document to so many levels (MongoDB limits, "Nested Depth"), and refuses queries that go far beyond. */
export const maxPathNames = 100;

/** A field, or a path of fields joined with dots. */
export const fieldPath = z
  .string()
  .min(1)
  .max(512)
  // eslint-disable-next-line no-control-regex -- NUL ends a name in BSON
  .regex(/^[^$\u0000][^\u0000]*$/, 'must not begin with $')
  .refine((path) => path.split('.').length <= maxPathNames, `must not be nested more than ${maxPathNames} deep`);

export const pageRequest = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(1024).optional(),
});

/** Shape of every list: `next` is the cursor of the following page, or null on the last. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next: z.string().nullable() });

export const empty = z.object({});

/** About how many bytes of documents a page is to hold. */
export const pageBytes = z
  .number()
  .int()
  .min(1)
  .max(4 * 1024 * 1024)
  .default(1024 * 1024);
