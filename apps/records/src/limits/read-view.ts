import { fieldCovers, type Limited, type RowLimit } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { isDeepStrictEqual } from 'node:util';
import { commonPaths, isFieldPath, outermost } from './field-paths.ts';
import { anyOf, queryOf, type Query } from './limit-filter.ts';

/** Fields that are shown of the rows that match; undefined is all, of either. */
export interface ViewPart {
  readonly query: Query | undefined;
  readonly fields: readonly string[] | undefined;
}

/** What a caller sees of a dataset. */
export interface ReadView {
  /** Rows that are seen at all. */
  readonly query: Query | undefined;
  /** Fields that some of them show. */
  readonly fields: readonly string[] | undefined;
  /** Set where not all rows show the same fields: each shows those of all parts that it matches. */
  readonly parts: readonly ViewPart[] | undefined;
}

/**
 * What limits leave of the fields asked for, or of all. Throws VALIDATION_FAILED for what is no path, FIELD_NOT_ALLOWED for
 * a field that no limit allows, and ROW_NOT_ALLOWED.
 */
export function readViewOf(limited: Limited, asked: readonly string[] | undefined): ReadView {
  if (asked) checkPaths(asked);
  if (limited === 'none') throw new KeyportError('ROW_NOT_ALLOWED');
  if (limited === 'all') return { query: undefined, fields: asked && outermost(asked), parts: undefined };
  const denied = asked?.find((path) => !limited.some((limit) => allows(limit, path)));
  if (denied !== undefined) throw new KeyportError('FIELD_NOT_ALLOWED', { field: denied });
  const parts = united(limited.map((limit) => partOf(limit, asked)));
  const query = anyOf(parts.map((part) => part.query));
  return { query, fields: unionOf(parts), parts: parts.length > 1 ? parts : undefined };
}

/**
 * Rows of which a caller may compare all of these fields; undefined is all that are seen. What a filter or an order tells
 * of a field, who sees the row must be allowed to see. Throws FIELD_NOT_ALLOWED where no limit allows them together.
 */
export function rowsToCompare(limited: Limited, paths: readonly string[]): Query | undefined {
  if (typeof limited === 'string' || paths.length === 0) return undefined;
  const allowing = limited.filter((limit) => paths.every((path) => allows(limit, path)));
  if (allowing.length === 0) {
    const denied = paths.find((path) => !limited.some((limit) => allows(limit, path)));
    throw new KeyportError('FIELD_NOT_ALLOWED', { field: denied ?? paths.join(', ') });
  }
  return anyOf(allowing.map(({ filter }) => filter && queryOf(filter)));
}

/** The fields that a row shows which matches these parts. */
export function unionOf(parts: readonly ViewPart[]): readonly string[] | undefined {
  const fields = parts.map((part) => part.fields);
  return fields.includes(undefined) ? undefined : outermost(fields.flatMap((paths) => paths ?? []));
}

/** `_id` is shown only where it is named. */
export const showsId = (fields: readonly string[] | undefined): boolean =>
  fields === undefined || fields.includes('_id');

function checkPaths(fields: readonly string[]): void {
  const message = 'must be a field, or fields joined with dots';
  const errors = fields.flatMap((path, index) =>
    isFieldPath(path) ? [] : [{ path: `fields.${index}`, code: 'custom', message }],
  );
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}

const allows = ({ fields }: RowLimit, path: string): boolean =>
  !fields || fields.some((field) => fieldCovers(field, path));

function partOf({ filter, fields }: RowLimit, asked: readonly string[] | undefined): ViewPart {
  // What is no path shows nothing.
  const allowed = fields && outermost(fields.filter(isFieldPath));
  const shown = asked && allowed ? commonPaths(asked, allowed) : (allowed ?? (asked && outermost(asked)));
  return { query: filter && queryOf(filter), fields: shown?.toSorted() };
}

/** Parts that show the same fields become one. */
function united(parts: readonly ViewPart[]): ViewPart[] {
  const distinct = parts.filter(
    ({ fields }, index) => parts.findIndex((other) => isDeepStrictEqual(other.fields, fields)) === index,
  );
  return distinct.map(({ fields }) => {
    const same = parts.filter((other) => isDeepStrictEqual(other.fields, fields));
    return { fields, query: anyOf(same.map(({ query }) => query)) };
  });
}
