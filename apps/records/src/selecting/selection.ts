import type { Limited } from '@keyport/access';
import { KeyportError, queryFault, type FieldProblem, type RequestOf, type scanRecords } from '@keyport/contracts';
import { EJSON } from 'bson';
import { allOf } from '../limits/limit-filter.ts';
import { readViewOf, rowsToCompare, type ReadView } from '../limits/read-view.ts';
import { knownFieldsOf, openFields, type KnownFields } from './field-types.ts';
import { sortOf, type Sort } from './sort.ts';
import { typedFilter } from './typed-filter.ts';

type Asked = Pick<RequestOf<typeof scanRecords>, 'fields' | 'filter' | 'isTyped' | 'sort' | 'afterId' | 'cursor'>;

/** What of a dataset a page is of: the caller's wishes within the caller's limits. */
export interface Selection {
  readonly view: ReadView;
  readonly isFiltered: boolean;
  /** The caller's filter with all types written out, as canonical Extended JSON. */
  readonly filter: string | undefined;
  readonly sort: Sort | undefined;
  /** `_id` that a first page begins behind. */
  readonly after: { readonly id: unknown } | undefined;
}

/**
 * Throws FIELD_NOT_ALLOWED for a field that the limits do not let the caller name, before the schema says anything of it;
 * VALIDATION_FAILED for a field that the schema does not allow, and for a value that no such field can have.
 */
export function selectionOf(asked: Asked, limited: Limited, schemaText: string | null): Selection {
  const view = readViewOf(limited, asked.fields);
  const filter = asked.filter === undefined ? undefined : (JSON.parse(asked.filter) as Record<string, unknown>);
  const after = asked.afterId === undefined ? undefined : afterFilter(asked.afterId);
  const filtered = filter ? typedFilter(filter, openFields).fields : [];
  const sort = asked.sort && sortOf(asked.sort);
  const compared = [...filtered, ...(sort ?? []).map(({ path }) => path), ...(after ? ['_id'] : [])];
  const rows = rowsToCompare(limited, compared);
  const known = schemaText === null || asked.isTyped ? openFields : knownOnce(schemaText, asked);
  if (!asked.cursor) checkKnown(asked, filtered, known);
  const own = filter && typedFilter(filter, known);
  const given = [view.query, rows, own?.query].filter((query) => query !== undefined);
  return {
    view: { ...view, query: given.length > 0 ? allOf(...given) : undefined },
    isFiltered: own !== undefined,
    filter: own && EJSON.stringify(own.typed, { relaxed: false }),
    sort,
    after: after && { id: typedFilter(after, known).query._id as unknown },
  };
}

/** A schema is read only where it matters: pages of whole datasets pay nothing. */
function knownOnce(schemaText: string, { fields, filter, sort, afterId }: Asked): KnownFields {
  const isNeeded = [fields, filter, sort, afterId].some((part) => part !== undefined);
  return isNeeded ? knownFieldsOf(JSON.parse(schemaText) as Record<string, unknown>) : openFields;
}

/** As a filter on `_id` alone, which gives it the type that the schema says. Throws CURSOR_INVALID for what is no value. */
function afterFilter(text: string): Record<string, unknown> {
  let id: unknown;
  try {
    id = JSON.parse(text);
  } catch (cause) {
    throw new KeyportError('CURSOR_INVALID', {}, { cause });
  }
  if (queryFault({ _id: { $eq: id } })) throw new KeyportError('CURSOR_INVALID');
  return { _id: id };
}

function checkKnown({ fields = [], sort = [] }: Asked, filtered: readonly string[], known: KnownFields): void {
  const message = 'is no field of the dataset: its schema allows no others';
  const named = [
    ...fields.map((path, index) => ({ at: `fields.${index}`, path })),
    ...filtered.map((path) => ({ at: `filter.${path}`, path })),
    ...sort.map((key, index) => ({ at: `sort.${index}`, path: key.replace(/^-/, '') })),
  ];
  const errors: FieldProblem[] = named
    .filter(({ path }) => known.isUnknown(path))
    .map(({ at, path }) => ({ path: at, code: 'custom', message: `${path} ${message}` }));
  if (errors.length > 0) throw new KeyportError('VALIDATION_FAILED', {}, { errors });
}
