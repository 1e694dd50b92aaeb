import type { RowLimit } from '@keyport/access';
import type { WriteMode } from '@keyport/contracts';

/** Limits as a few plain lines on plain objects: what the service must come to by way of MongoDB. */

export interface ModelRow {
  readonly _id: number;
  readonly [field: string]: unknown;
}

type Filter = Readonly<Record<string, unknown>>;
type Fields = readonly string[] | undefined;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const valueAt = (row: unknown, path: string): unknown =>
  path.split('.').reduce((at, name) => (isObject(at) ? at[name] : undefined), row);
const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

export function matches(row: ModelRow, filter: Filter = {}): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$or') return (condition as Filter[]).some((one) => matches(row, one));
    if (name === '$and') return (condition as Filter[]).every((one) => matches(row, one));
    if (name === '$nor') return !(condition as Filter[]).some((one) => matches(row, one));
    return holds(valueAt(row, name), condition);
  });
}

function holds(value: unknown, condition: unknown): boolean {
  if (!isObject(condition)) return condition === null ? (value ?? null) === null : isSame(value, condition);
  return Object.entries(condition).every(([operator, operand]) => {
    if (operator === '$ne') return !holds(value, operand);
    if (operator === '$in') return (operand as unknown[]).some((one) => holds(value, one));
    if (operator === '$exists') return (value !== undefined) === operand;
    if (operator === '$gte') return typeof value === 'number' && value >= (operand as number);
    throw new Error(`the model does not know ${operator}`);
  });
}

const allows = (fields: readonly string[], path: string) =>
  fields.some((field) => path === field || path.startsWith(`${field}.`));
const leadsInto = (fields: readonly string[], path: string) => fields.some((field) => field.startsWith(`${path}.`));

/** What is shown of a row. */
export function project(row: object, fields: Fields, prefix = ''): object {
  if (!fields) return row;
  const shown = Object.entries(row).flatMap(([name, value]: [string, unknown]) => {
    const path = `${prefix}${name}`;
    if (allows(fields, path)) return [[name, value] as const];
    return isObject(value) && leadsInto(fields, path) ? [[name, project(value, fields, `${path}.`)] as const] : [];
  });
  return Object.fromEntries(shown);
}

/** The rows as somebody with these limits sees them, who asks for these fields. */
export function visible(rows: readonly ModelRow[], limits: readonly RowLimit[], asked: Fields): object[] {
  return rows.flatMap((row) => {
    const admitting = limits.filter(({ filter }) => matches(row, filter));
    if (admitting.length === 0) return [];
    const isWhole = admitting.some(({ fields }) => !fields);
    const shown = project(row, isWhole ? undefined : admitting.flatMap(({ fields }) => fields ?? []));
    return [project(shown, asked)];
  });
}

export interface ModelReply {
  inserted: number;
  updated: number;
  unchanged: number;
  deleted: number;
  skipped: number;
  /** Index, code and path of each refused row. */
  readonly rejected: (readonly [number, string, string?])[];
}

type Refusal = readonly [string, string?];
const rowNotAllowed: Refusal = ['ROW_NOT_ALLOWED'];

/** Writes rows one by one, matched by `_id`, into the stored ones. */
export function applyRows(
  stored: Map<number, ModelRow>,
  rows: readonly ModelRow[],
  limits: readonly RowLimit[],
  mode: WriteMode,
): ModelReply {
  const reply: ModelReply = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, skipped: 0, rejected: [] };
  const isHidden = new Set([...stored.values()].filter((row) => !limits.some(({ filter }) => matches(row, filter))));
  rows.forEach((row, index) => {
    const before = stored.get(row._id);
    const isSeen = before !== undefined && limits.some(({ filter }) => matches(before, filter));
    if ((mode === 'replace' || mode === 'delete') && !isSeen) {
      reply.skipped += 1;
      return;
    }
    const after = before && mode !== 'insert' ? changed(before, row, limits, mode) : inserted(row, limits);
    if (Array.isArray(after)) reply.rejected.push([index, ...(after as unknown as Refusal)]);
    else if (!before) {
      stored.set(row._id, after as ModelRow);
      reply.inserted += 1;
    } else if (mode === 'insert') {
      reply.rejected.push(isHidden.has(before) ? [index, ...rowNotAllowed] : [index, 'DUPLICATE_KEY', '_id']);
    } else if (mode === 'delete') {
      stored.delete(row._id);
      reply.deleted += 1;
    } else if (isSame(before, after)) reply.unchanged += 1;
    else {
      stored.set(row._id, after as ModelRow);
      reply.updated += 1;
    }
  });
  return reply;
}

function inserted(row: ModelRow, limits: readonly RowLimit[]): ModelRow | Refusal {
  const outside = limits.map(({ fields }) => outsideOf(row, fields));
  if (outside.every((path) => path !== undefined)) return ['FIELD_NOT_ALLOWED', outside[0]];
  const admitting = limits.flatMap(({ filter }, index) => (matches(row, filter) ? [outside[index]] : []));
  if (admitting.length === 0) return rowNotAllowed;
  return admitting.includes(undefined) ? row : ['FIELD_NOT_ALLOWED', admitting[0]];
}

function changed(before: ModelRow, row: ModelRow, limits: readonly RowLimit[], mode: WriteMode): ModelRow | Refusal {
  const admitting = limits.filter(({ filter }) => matches(before, filter));
  if (admitting.length === 0) return rowNotAllowed;
  const isWhole = mode === 'replace' || mode === 'delete';
  if (isWhole && admitting.every(({ fields }) => fields)) return ['FIELD_NOT_ALLOWED'];
  if (mode === 'delete') return row;
  const all = mode === 'merge' ? { ...before, ...row } : row;
  if (admitting.some(({ filter, fields }) => !fields && matches(all, filter))) return all;
  if (mode === 'replace') return rowNotAllowed;
  return partlyChanged(before, row, admitting);
}

function partlyChanged(before: ModelRow, row: ModelRow, admitting: readonly RowLimit[]): ModelRow | Refusal {
  const partial = admitting.filter(({ fields }) => fields);
  if (partial.length === 0) return rowNotAllowed;
  const allowing = partial.filter(({ fields }) => outsideOf(row, fields) === undefined);
  if (allowing.length === 0) return ['FIELD_NOT_ALLOWED', outsideOf(row, partial[0]?.fields)];
  // The narrowest: a field is replaced as a whole only where all limits name it so.
  const isWhole = (path: string) => allowing.every(({ fields = [] }) => allows(fields, path));
  const after = merged(before, row, isWhole, '');
  const { conflict } = after as { conflict?: string };
  if (conflict !== undefined) return ['FIELD_NOT_ALLOWED', conflict];
  const result = after as ModelRow;
  return allowing.some(({ filter }) => matches(result, filter)) ? result : rowNotAllowed;
}

function outsideOf(row: object, fields: Fields, prefix = ''): string | undefined {
  if (!fields) return undefined;
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    const path = `${prefix}${name}`;
    if (allows(fields, path)) continue;
    if (!leadsInto(fields, path) || !isObject(value)) return path;
    const outside = outsideOf(value, fields, `${path}.`);
    if (outside !== undefined) return outside;
  }
  return undefined;
}

function merged(before: object, row: object, isWhole: (path: string) => boolean, prefix: string): object {
  const result = { ...before } as Record<string, unknown>;
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    const path = `${prefix}${name}`;
    const old = result[name];
    if (path === '_id' || isSame(old, value)) continue;
    if (isWhole(path) || old === undefined) result[name] = value;
    else if (!isObject(old) || !isObject(value)) return { conflict: path };
    else {
      const inner = merged(old, value, isWhole, `${path}.`);
      if ('conflict' in inner) return inner;
      result[name] = inner;
    }
  }
  return result;
}
