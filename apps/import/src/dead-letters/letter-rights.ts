import { datasetPatterns, type Caller } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import type { QueryFilter } from 'mongoose';
import { matching } from '../imports/visibility.ts';
import type { StoredDeadLetter } from './dead-letter.model.ts';

type Place = Pick<StoredDeadLetter, 'dataset'>;
type Action = 'events:read' | 'events:update';

/**
 * A letter holds a whole record, or what was to be one: it takes the right to all rows and fields of its dataset. One that
 * belongs to no dataset takes the right to all of them.
 */
function holds(caller: Caller, action: Action, { dataset }: Place): boolean {
  if (dataset !== null) return caller.limitsOn(action, dataset) === 'all';
  return caller.details === undefined && datasetPatterns(caller.scopes, action).includes('*');
}

export const mayRead = (caller: Caller, letter: Place): boolean => holds(caller, 'events:read', letter);

/** Throws DEAD_LETTER_NOT_FOUND. */
export function requireRead<Found extends Place>(found: Found | null, caller: Caller, deadLetterId: string): Found {
  if (found && mayRead(caller, found)) return found;
  throw new KeyportError('DEAD_LETTER_NOT_FOUND', { deadLetterId });
}

/** Throws DEAD_LETTER_NOT_FOUND, and INSUFFICIENT_SCOPE where the caller sees it and may not act on it. */
export function requireUpdate<Found extends Place>(found: Found | null, caller: Caller, deadLetterId: string): Found {
  if (found && holds(caller, 'events:update', found)) return found;
  const { dataset } = requireRead(found, caller, deadLetterId);
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope: `events:update:${dataset ?? '*'}` });
}

/** What {@link mayRead} lets through, and some more: row and field limits no query compares. */
export function perhapsReadable({ scopes }: Caller): QueryFilter<StoredDeadLetter> {
  const patterns = datasetPatterns(scopes, 'events:read');
  if (patterns.includes('*')) return {};
  return patterns.length === 0 ? { _id: { $in: [] } } : { $or: patterns.map((pattern) => matching(pattern)) };
}
