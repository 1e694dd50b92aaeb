import { comparable, firstElement, joinDocument } from '@keyport/mongo';
import type { Operation } from './plan.ts';

/**
 * What a dry run does to its overlay instead: each record as it is in the end, in place of what the overlay held of it,
 * and of a deleted one its `_id` alone.
 */
export function overlaid(operations: readonly Operation[]): Operation[] {
  const ends = new Map<string, Operation>();
  for (const operation of operations) ends.set(comparable(firstElement(operation.document)), operation);
  const last = [...ends.values()];
  const before = last.flatMap(({ kind, row, document }): Operation[] => {
    const id = firstElement(document);
    if (kind !== 'replace' || !id) return [];
    return [{ kind: 'delete', row, document: joinDocument([id.bytes.subarray(id.start, id.end)]) }];
  });
  return [...before, ...last.map((operation): Operation => ({ ...operation, kind: 'insert' }))];
}
