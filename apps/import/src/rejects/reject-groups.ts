import type { RejectedRow, RejectGroup, RejectSummary } from '@keyport/contracts';

/** How many rows were rejected, and why. */
export type RejectTotals = Pick<RejectSummary, 'groups' | 'other'>;

/** Whoever made the file chose the paths, so there may be as many as there are rows. */
export const maxGroups = 100;

export const noRejects: RejectTotals = { groups: [], other: null };

/** Rows of one chunk by code and path, in the order in which these occur. */
export function groupsOf(rejected: readonly RejectedRow[]): RejectGroup[] {
  const groups = new Map<string, RejectGroup>();
  for (const { code, path, row } of rejected) {
    const key = keyOf({ code, path });
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { code, ...(path !== undefined && { path }), count: 1, firstRow: row });
  }
  return [...groups.values()];
}

/** The first codes and paths keep groups of their own, {@link maxGroups} at most; the rest is one. */
export function addGroups(totals: RejectTotals, added: readonly RejectGroup[]): RejectTotals {
  const groups = new Map(totals.groups.map((group) => [keyOf(group), group]));
  let { other } = totals;
  for (const group of added) {
    const key = keyOf(group);
    const known = groups.get(key);
    if (known) groups.set(key, { ...known, ...sumOf(known, group) });
    else if (groups.size < maxGroups) groups.set(key, group);
    else other = other ? sumOf(other, group) : { count: group.count, firstRow: group.firstRow };
  }
  return { groups: [...groups.values()], other };
}

export function rejectedIn({ groups, other }: RejectTotals): number {
  return groups.reduce((sum, { count }) => sum + count, other?.count ?? 0);
}

/** The largest first; of equal ones the one that occurred first. */
export const bySize = (one: RejectGroup, another: RejectGroup): number =>
  another.count - one.count || one.firstRow - another.firstRow;

const keyOf = ({ code, path }: { code: string; path?: string | undefined }): string =>
  path === undefined ? code : `${code} ${path}`;

type Counted = Pick<RejectGroup, 'count' | 'firstRow'>;

const sumOf = (one: Counted, other: Counted): Counted => ({
  count: one.count + other.count,
  firstRow: Math.min(one.firstRow, other.firstRow),
});
