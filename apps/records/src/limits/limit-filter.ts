import type { RowLimit } from '@keyport/access';
import { KeyportError } from '@keyport/contracts';
import { EJSON, type BSON } from 'bson';

export type Query = BSON.Document;

/**
 * The query that a limit's filter means. Wrappers keep their type: read as relaxed, a `$numberLong` would be rounded to a
 * double. Throws ROW_NOT_ALLOWED where a value cannot be read: nobody can say which rows it admits.
 */
export function queryOf(filter: NonNullable<RowLimit['filter']>): Query {
  try {
    return EJSON.deserialize(filter, { relaxed: false }) as Query;
  } catch (cause) {
    throw new KeyportError('ROW_NOT_ALLOWED', {}, { cause });
  }
}

/** Matches what one of them matches; undefined matches everything. */
export function anyOf(queries: readonly (Query | undefined)[]): Query | undefined {
  const given = queries.filter((query) => query !== undefined);
  if (given.length < queries.length) return undefined;
  return given.length === 1 ? given[0] : { $or: given };
}

/** Matches what all of them match. */
export function allOf(...queries: readonly (Query | undefined)[]): Query {
  const given = queries.filter((query) => query !== undefined);
  return given.length > 1 ? { $and: given } : (given[0] ?? {});
}
