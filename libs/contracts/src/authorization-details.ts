import { z } from 'zod';
import { filter } from './filter.ts';
import { scopeFault } from './scopes.ts';
import { fieldPath } from './shapes.ts';

const datasetPattern = z
  .string()
  .regex(/^(?:\*|[a-z][a-z0-9_-]{0,62}\*?)$/, 'must be a name, a name that ends with *, or *');

/** `resource:action` of resources that belong to a dataset; the action may be `*`. */
const detailAction = z
  .string()
  .max(64)
  .refine(
    (text) => text.split(':').length === 2 && scopeFault(`${text}:*`) === undefined,
    'must be an action on a dataset, such as records:read or records:*',
  );

/** One authorization detail (RFC 9396): on which datasets, for which actions, which rows and fields. */
export const authorizationDetail = z
  .strictObject({
    type: z.literal('keyport_dataset'),
    datasets: z.array(datasetPattern).min(1).max(50),
    actions: z.array(detailAction).min(1).max(50),
    /** Rows: only those that match. */
    filter: filter.optional(),
    /** Fields: only these, top-level names or dotted paths; `_id` only where named. */
    fields: z.array(fieldPath).min(1).max(200).optional(),
  })
  .meta({ id: 'AuthorizationDetail' });
export type AuthorizationDetail = z.output<typeof authorizationDetail>;

/**
 * RFC 9396. A token that has any needs, for a right on a dataset, a scope and a matching detail; several that match
 * unite.
 */
export const authorizationDetails = z.array(authorizationDetail).min(1).max(20);
