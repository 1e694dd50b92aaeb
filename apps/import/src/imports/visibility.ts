import { datasetPatterns, isOwnJob, requireJob, seesJob, type Caller, type JobActions } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import type { QueryFilter } from 'mongoose';
import type { ImportDocument } from './import.model.ts';

type Import = Pick<ImportDocument, 'creator' | 'dataset' | 'limits' | 'retry'>;

const create = 'imports:create';
const reading: JobActions = { create, other: 'imports:read' };
const controlling: JobActions = { create, other: 'imports:update' };

export const isOwn = (document: Import, caller: Caller): boolean => isOwnJob(caller, document, create);

/** An import shows itself to its creator and to who may read all that it touches; to anyone else it is not there. */
export const isVisible = (document: Import, caller: Caller): boolean => seesJob(caller, document, reading);

/** Throws IMPORT_NOT_FOUND. */
export function requireVisible<Found extends Import>(found: Found | null, caller: Caller, importId: string): Found {
  if (found && isVisible(found, caller)) return found;
  throw new KeyportError('IMPORT_NOT_FOUND', { importId });
}

/** Throws IMPORT_NOT_FOUND, and INSUFFICIENT_SCOPE where the caller sees it and may not end it. */
export function requireControl<Found extends Import>(found: Found | null, caller: Caller, importId: string): Found {
  const visible = found && seesJob(caller, found, controlling) ? found : requireVisible(found, caller, importId);
  requireJob(caller, visible, controlling);
  return visible;
}

/** Rejected rows hold data; those of a retry are still its sender's. Throws INSUFFICIENT_SCOPE. */
export const requireRows = (document: Import, caller: Caller): void =>
  requireJob(caller, { ...document, creator: document.retry?.sender ?? document.creator }, reading);

/** What {@link isVisible} lets through, and some more: row and field limits no query compares. */
export function perhapsVisible({ creator, scopes }: Caller): QueryFilter<ImportDocument> {
  return { $or: [{ creator }, ...datasetPatterns(scopes, 'imports:read').map((pattern) => matching(pattern))] };
}

/** What belongs to the datasets that a pattern names; dataset names hold no character that means something in a regular expression. */
export const matching = (pattern: string): { dataset: string | { $regex: string } } => ({
  dataset: pattern.endsWith('*') ? { $regex: `^${pattern.slice(0, -1)}` } : pattern,
});
