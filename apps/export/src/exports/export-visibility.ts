import { datasetPatterns, requireJob, seesJob, type Caller, type JobActions } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import type { QueryFilter } from 'mongoose';
import type { ExportRecord } from './export.model.ts';

type Job = Pick<ExportRecord, 'creator' | 'dataset' | 'limits'>;

const reading: JobActions = { create: 'exports:create', other: 'exports:read' };
const deleting: JobActions = { create: 'exports:create', other: 'exports:delete' };

/** An export shows itself to its creator and to who may read all that is in it; to anyone else it is not there. */
export const isVisible = (job: Job, caller: Caller): boolean => seesJob(caller, job, reading);

/** Throws EXPORT_NOT_FOUND. */
export function requireVisible<Found extends Job>(found: Found | null, caller: Caller, exportId: string): Found {
  if (found && isVisible(found, caller)) return found;
  throw new KeyportError('EXPORT_NOT_FOUND', { exportId });
}

/** To cancel or delete it. Throws EXPORT_NOT_FOUND, and INSUFFICIENT_SCOPE where the caller sees it and may not. */
export function requireEnding<Found extends Job>(found: Found | null, caller: Caller, exportId: string): Found {
  const visible = found && seesJob(caller, found, deleting) ? found : requireVisible(found, caller, exportId);
  requireJob(caller, visible, deleting);
  return visible;
}

/** A file is a read of its data, each time. Throws INSUFFICIENT_SCOPE. */
export const requireFile = (job: Job, caller: Caller): void => requireJob(caller, job, reading);

/** What {@link isVisible} lets through, and some more: row and field limits no query compares. */
export function perhapsVisible({ creator, scopes }: Pick<Caller, 'creator' | 'scopes'>): QueryFilter<ExportRecord> {
  return { $or: [{ creator }, ...datasetPatterns(scopes, 'exports:read').map(matching)] };
}

function matching(pattern: string): QueryFilter<ExportRecord> {
  if (!pattern.endsWith('*')) return { dataset: pattern };
  const prefix = pattern.slice(0, -1);
  return { dataset: { $gte: prefix, $lt: `${prefix}\uffff` } };
}
