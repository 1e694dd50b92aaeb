import { isDeepStrictEqual } from 'node:util';
import type { ImportCounts, WriteMode } from '@keyport/contracts';

/** A row of a drill's file; `k` is the key of its dataset. */
export interface DrillRow {
  readonly k?: number;
  readonly [field: string]: unknown;
}

/** A line of a drill's file: a row, or text that is none. */
export type DrillLine = DrillRow | string;

export interface Verdict {
  readonly counts: ImportCounts;
  readonly rejects: readonly { readonly row: number; readonly code: string }[];
}

type Fate = Exclude<keyof ImportCounts, 'read' | 'rejected'> | { readonly code: string };

const noCounts: ImportCounts = {
  ...{ read: 0, inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0, skipped: 0 },
};

/** What a dataset with the key `k` must hold, and what must be said of a file: line by line, as the modes are documented. */
export class DatasetModel {
  readonly records = new Map<number, DrillRow>();

  apply(mode: WriteMode, lines: readonly DrillLine[]): Verdict {
    const counts = { ...noCounts, read: lines.length };
    const rejects: { row: number; code: string }[] = [];
    lines.forEach((line, index) => {
      const fate = this.fateOf(mode, line);
      if (typeof fate === 'string') counts[fate] += 1;
      else rejects.push({ row: index + 1, code: fate.code });
    });
    return { counts: { ...counts, rejected: rejects.length }, rejects };
  }

  private fateOf(mode: WriteMode, row: DrillLine): Fate {
    if (typeof row === 'string') return { code: 'MALFORMED_JSON' };
    const { k } = row;
    if (k === undefined) return { code: 'MISSING_KEY' };
    const stored = this.records.get(k);
    if (mode === 'insert' && stored) return { code: 'DUPLICATE_KEY' };
    if (mode === 'delete') return this.records.delete(k) ? 'deleted' : 'skipped';
    if (!stored && mode === 'replace') return 'skipped';
    const after = mode === 'merge' ? { ...stored, ...row } : row;
    this.records.set(k, after);
    if (!stored) return 'inserted';
    return isDeepStrictEqual(stored, after) ? 'unchanged' : 'updated';
  }
}

/** Of the first records that are not as the model has them, at most five. */
export function differences(model: DatasetModel, stored: readonly DrillRow[]): unknown[] {
  const left = new Map(model.records);
  const found: unknown[] = [];
  for (const { _id, ...record } of stored) {
    const expected = record.k === undefined ? undefined : left.get(record.k);
    left.delete(record.k ?? NaN);
    if (!isDeepStrictEqual(expected, record)) found.push({ _id, record, expected: expected ?? 'none, or seen before' });
    if (found.length === 5) return found;
  }
  for (const expected of left.values()) if (found.length < 5) found.push({ missing: expected });
  return found;
}
