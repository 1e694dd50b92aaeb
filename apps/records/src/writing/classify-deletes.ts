import type { WriteRejection } from '@keyport/contracts';
import { joinDocument } from '@keyport/mongo';
import type { ChunkRow } from './chunk.ts';
import { inOrder, noCounts, type Operation, type Plan, type Refusals } from './plan.ts';
import type { StoredRow } from './stored-row.ts';
import type { WriteGate } from './write-gate.ts';

/**
 * Applies rows one by one that each delete the record they match. Of several that match on fields that are not unique the
 * first is the one; the next row that matches takes the next.
 */
export function classifyDeletes(
  rows: readonly ChunkRow[],
  stored: readonly StoredRow[],
  gate: WriteGate | undefined,
  refused: Refusals,
): Plan {
  const left = recordsByMatch(stored);
  const operations: Operation[] = [];
  const rejected: WriteRejection[] = [...refused.values()];
  let skipped = 0;
  for (const row of rows) {
    if (refused.has(row.index)) continue;
    const matching = left.get(row.match);
    const target = matching?.[0];
    const fault = target && gate?.faultOfDelete(target, row);
    if (fault) rejected.push(fault);
    else if (target) {
      matching.shift();
      operations.push({ kind: 'delete', row: row.index, document: joinDocument([target.idBytes]) });
    } else skipped += 1;
  }
  return { operations, reply: { ...noCounts, deleted: operations.length, skipped, rejected: inOrder(rejected) } };
}

function recordsByMatch(stored: readonly StoredRow[]): Map<string | null, StoredRow[]> {
  const byMatch = new Map<string | null, StoredRow[]>();
  for (const record of stored) {
    const same = byMatch.get(record.match);
    if (same) same.push(record);
    else byMatch.set(record.match, [record]);
  }
  return byMatch;
}
