import type { Caller } from '@keyport/access';
import type { QueryFilter } from 'mongoose';
import type { ExportRecord } from './export.model.ts';

/** Which exports a caller sees: their own, and those of datasets on which they hold `exports:read`. */
export interface Visibility {
  readonly creator: string;
  /** Exact names, or names with a trailing wildcard. */
  readonly datasetPatterns: readonly string[];
}

export function visibilityOf({ creator, identity }: Pick<Caller, 'creator' | 'identity'>): Visibility {
  const datasetPatterns = identity.scopes.flatMap((scope) => {
    if (scope === '*') return ['*'];
    const [resource, action, pattern] = scope.split(':');
    return resource === 'exports' && (action === 'read' || action === '*') && pattern ? [pattern] : [];
  });
  return { creator, datasetPatterns };
}

export function filterOf({ creator, datasetPatterns }: Visibility): QueryFilter<ExportRecord> {
  return { $or: [{ creator }, ...datasetPatterns.map(matching)] };
}

function matching(pattern: string): QueryFilter<ExportRecord> {
  if (!pattern.endsWith('*')) return { dataset: pattern };
  const prefix = pattern.slice(0, -1);
  return { dataset: { $gte: prefix, $lt: `${prefix}\uffff` } };
}
