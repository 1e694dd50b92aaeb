import { KeyportError, type DatasetAction } from '@keyport/contracts';
import type { Caller } from './caller.ts';
import type { CallerVerifier } from './caller-verifier.ts';
import { limitsContain, limitsOn, type Limited, type RowLimits } from './limits.ts';

/** A job as far as it decides who may see it. */
export interface OwnedJob {
  /** `Caller.creator` of who started it. */
  readonly creator: string;
  readonly dataset: string;
  /** Rows and fields that it was accepted for, as {@link limitsText} wrote them; null for all. */
  readonly limits?: string | null;
}

/** Which rights a kind of job asks for: to start one, and to do something with another's. */
export interface JobActions {
  readonly create: DatasetAction;
  readonly other: DatasetAction;
}

/**
 * Whether the caller started the job, with a token that reached no more rows and fields than the one they have now: a
 * token narrowed from another of the same holder has no part in what the wider one made.
 */
export function isOwnJob({ creator, details }: Caller, job: OwnedJob, create: DatasetAction): boolean {
  return job.creator === creator && limitsContain(limitsOn(details, create, job.dataset), jobLimits(job));
}

/** Whether the caller holds the action on the job's dataset now, for all the rows and fields that the job was accepted for. */
function holdsJob(caller: Caller, job: OwnedJob, action: DatasetAction): boolean {
  return limitsContain(caller.limitsOn(action, job.dataset), jobLimits(job));
}

/**
 * Whether the caller sees that there is such a job, and how it does: their own, also after they lost the right, so that
 * they learn what became of it.
 */
export const seesJob = (caller: Caller, job: OwnedJob, { create, other }: JobActions): boolean =>
  isOwnJob(caller, job, create) || holdsJob(caller, job, other);

/**
 * Refuses who may not act on a job that they see, or read what is in it, which is a read of that data once more: with
 * one's own job too it takes a right of this moment. Throws INSUFFICIENT_SCOPE.
 */
export function requireJob(caller: Caller, job: OwnedJob, { create, other }: JobActions): void {
  const isOwn = isOwnJob(caller, job, create);
  if ((isOwn && holdsJob(caller, job, create)) || holdsJob(caller, job, other)) return;
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope: `${isOwn ? create : other}:${job.dataset}` });
}

/** Whether the rights of a running job were taken away; false also where nobody can say now. */
export async function isGrantLost(verifier: CallerVerifier, grant: string): Promise<boolean> {
  try {
    await verifier.verify(grant);
    return false;
  } catch (error) {
    return error instanceof KeyportError && error.code === 'RIGHTS_LOST';
  }
}

/** Datasets on which the scopes give an action: exact names, and names with a trailing wildcard. */
export function datasetPatterns(scopes: readonly string[], wanted: DatasetAction): readonly string[] {
  const [wantedResource, wantedAction] = wanted.split(':');
  const patterns = scopes.flatMap((scope) => {
    if (scope === '*') return ['*'];
    const [resource, action, pattern] = scope.split(':');
    return resource === wantedResource && (action === '*' || action === wantedAction) && pattern ? [pattern] : [];
  });
  return [...new Set(patterns)];
}

/** As stored with a job: filters hold names that begin with `$`, which a database would take for its own. */
export function limitsText(limited: Limited): string | null {
  if (limited === 'none') throw new Error('A job cannot be accepted for what its maker may not do.');
  return limited === 'all' ? null : JSON.stringify(limited);
}

/** Of a job that is stored. */
export const jobLimits = ({ limits }: Pick<OwnedJob, 'limits'>): Limited =>
  limits === null || limits === undefined ? 'all' : (JSON.parse(limits) as RowLimits);
