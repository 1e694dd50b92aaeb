import type { Limited, RowLimit } from '@keyport/access';
import { isDeepStrictEqual } from 'node:util';
import { fieldTree, type FieldTree } from '../limits/field-tree.ts';
import { allOf, anyOf, queryOf, type Query } from '../limits/limit-filter.ts';
import type { WriteRights } from './write-rights.ts';

/** Rows and fields that may be written together. */
export interface WriteLimit {
  /** Which of the queries a row must match; undefined where every row may be written. */
  readonly query: number | undefined;
  /** Undefined where every field may be. */
  readonly fields: FieldTree | undefined;
}

/** One of them must admit a row, alone. */
export type LimitedRight = readonly WriteLimit[];

/** What rows a writer may write. Each of the rights must admit a row; one without limits is left out. */
export interface WriteLimits {
  readonly queries: readonly Query[];
  readonly insert: readonly LimitedRight[];
  readonly update: readonly LimitedRight[];
}

/** Undefined where nothing is limited. Throws ROW_NOT_ALLOWED where a filter cannot be read. */
export function writeLimitsOf({ insert, update }: WriteRights): WriteLimits | undefined {
  const filters: NonNullable<RowLimit['filter']>[] = [];
  const numberOf = (filter: RowLimit['filter']) => {
    if (!filter) return undefined;
    const known = filters.findIndex((other) => isDeepStrictEqual(other, filter));
    return known < 0 ? filters.push(filter) - 1 : known;
  };
  const limited = (rights: readonly Limited[]) =>
    rights.flatMap((right): LimitedRight[] => {
      if (right === 'all') return [];
      if (right === 'none') return [[]];
      return [right.map(({ filter, fields }) => ({ query: numberOf(filter), fields: fields && fieldTree(fields) }))];
    });
  const limits = { insert: limited(insert), update: limited(update) };
  if (limits.insert.length === 0 && limits.update.length === 0) return undefined;
  return { ...limits, queries: filters.map(queryOf) };
}

/** Matches the records that a writer may change at all; undefined where those are all. */
export function admittedBefore({ queries, update }: WriteLimits): Query | undefined {
  const admitted = update.map((right): Query | undefined =>
    right.length === 0
      ? matchesNothing
      : anyOf(right.map(({ query }) => (query === undefined ? undefined : queries[query]))),
  );
  return admitted.every((query) => query === undefined) ? undefined : allOf(...admitted);
}

const matchesNothing: Query = { _id: { $in: [] } };

/** True where rows may have to be merged into records. */
export const mergesRows = ({ update }: WriteLimits): boolean =>
  update.some((right) => right.some(({ fields }) => fields !== undefined));
