import type { AuthorizationDetail, DatasetAction } from '@keyport/contracts';
import { isDeepStrictEqual } from 'node:util';
import { commonPattern, patternMatches } from './rights.ts';

/** Rows and fields that a right on one dataset is narrowed to. Undefined members do not narrow. */
export interface RowLimit {
  /** Extended JSON query over allowed operators. */
  readonly filter?: Readonly<Record<string, unknown>> | undefined;
  readonly fields?: readonly string[] | undefined;
}

/** Several limits unite: a row is seen if one of them admits it, with the fields of all that do. Never empty. */
export type RowLimits = readonly RowLimit[];

/** A right is there without limits, with some, or not at all (the token has details, and none gives it). */
export type Limited = 'all' | RowLimits | 'none';

/** What the details of a token (RFC 9396) leave of a right on a dataset that a scope gives. */
export function limitsOn(
  details: readonly AuthorizationDetail[] | undefined,
  action: DatasetAction,
  dataset: string,
): Limited {
  if (details === undefined) return 'all';
  const matching = details.filter((detail) => concerns(detail, action, dataset));
  if (matching.length === 0) return 'none';
  const limits = matching.map(({ filter, fields }) => ({ filter, fields }));
  return limits.some(({ filter, fields }) => !filter && !fields) ? 'all' : limits;
}

const concerns = ({ datasets, actions }: AuthorizationDetail, action: DatasetAction, dataset: string): boolean =>
  datasets.some((pattern) => patternMatches(pattern, dataset)) && actions.some((held) => actionCovers(held, action));

function actionCovers(held: string, wanted: string): boolean {
  const [resource, action] = held.split(':');
  return held === wanted || (action === '*' && resource === wanted.split(':')[0]);
}

/**
 * The details of a token that is made through another: each asked-for detail narrowed by each that the other has, so
 * that nothing is reached that the other could not reach. Empty means that nothing is left.
 */
export function narrowDetails(
  held: readonly AuthorizationDetail[] | undefined,
  asked: readonly AuthorizationDetail[] | undefined,
): readonly AuthorizationDetail[] | undefined {
  if (held === undefined) return asked;
  if (asked === undefined) return held;
  const both = asked.flatMap((one) => held.flatMap((other) => meet(one, other) ?? []));
  return both.filter((detail, index) => both.findIndex((earlier) => isDeepStrictEqual(earlier, detail)) === index);
}

function meet(one: AuthorizationDetail, other: AuthorizationDetail): AuthorizationDetail | undefined {
  const datasets = crossed(one.datasets, other.datasets, commonPattern);
  const actions = crossed(one.actions, other.actions, commonAction);
  const fields = commonFields(one.fields, other.fields);
  if (datasets.length === 0 || actions.length === 0 || fields?.length === 0) return undefined;
  const filter = bothFilters(one.filter, other.filter);
  return { type: 'keyport_dataset', datasets, actions, ...(filter && { filter }), ...(fields && { fields }) };
}

const crossed = (ones: readonly string[], others: readonly string[], common: typeof commonPattern): string[] => [
  ...new Set(ones.flatMap((one) => others.flatMap((other) => common(one, other) ?? []))),
];

function commonAction(one: string, other: string): string | undefined {
  if (actionCovers(one, other)) return other;
  return actionCovers(other, one) ? one : undefined;
}

/** A path that lies inside another is the narrower one. */
function commonFields(one: string[] | undefined, other: string[] | undefined): string[] | undefined {
  if (!one || !other) return one ?? other;
  return crossed(one, other, (a, b) => {
    if (fieldCovers(b, a)) return a;
    return fieldCovers(a, b) ? b : undefined;
  });
}

/** True where the path is the field itself or lies inside it. */
export const fieldCovers = (field: string, path: string): boolean => path === field || path.startsWith(`${field}.`);

type Filter = Readonly<Record<string, unknown>>;

function bothFilters(one: Filter | undefined, other: Filter | undefined): Filter | undefined {
  if (!one || !other) return one ?? other;
  return isDeepStrictEqual(one, other) ? one : { $and: [...conjuncts(one), ...conjuncts(other)] };
}

/** Flat, since a token may be nested eight levels deep only. */
function conjuncts(filter: Filter): Filter[] {
  const names = Object.keys(filter);
  return names.length === 1 && Array.isArray(filter.$and) ? (filter.$and as Filter[]) : [filter];
}

/**
 * True where whoever has `outer` surely sees everything that `inner` shows. Filters are compared by what is written, not by
 * what they match: one that says the same in other words counts as not contained.
 */
export function limitsContain(outer: Limited, inner: Limited): boolean {
  if (outer === 'all' || inner === 'none') return true;
  if (outer === 'none' || inner === 'all') return false;
  return inner.every((limit) => outer.some((candidate) => limitContains(candidate, limit)));
}

function limitContains(outer: RowLimit, inner: RowLimit): boolean {
  const rows = !outer.filter || (inner.filter !== undefined && conditionsHold(outer.filter, inner.filter));
  const { fields } = outer;
  const columns = !fields || !!inner.fields?.every((path) => fields.some((field) => fieldCovers(field, path)));
  return rows && columns;
}

/** Everything that `outer` demands is demanded by `inner` too. */
const conditionsHold = (outer: Filter, inner: Filter): boolean =>
  conjuncts(outer).every((demand) => conjuncts(inner).some((held) => isDeepStrictEqual(held, demand)));
