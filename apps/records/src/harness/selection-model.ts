import type { RowLimit } from '@keyport/access';
import { matches as limitMatches, visible, type ModelRow } from './limits-model.ts';

/** Filters and orders as a few plain lines, over values of all kinds: what the service must come to by way of MongoDB. */

type Filter = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Filter =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** MongoDB manual, "BSON types: comparison and sort order"; an empty list sorts as undefined, which is below null. */
function rankOf(value: unknown): number {
  if (Array.isArray(value)) return 0;
  if (value === undefined || value === null) return 1;
  if (typeof value === 'number') return 2;
  if (typeof value === 'string') return 3;
  if (typeof value === 'boolean') return 8;
  return value instanceof Date ? 9 : 4;
}

/** Numbers, texts, booleans and dates compare by themselves; documents as their JSON, which is enough for small numbers. */
const comparable = (value: unknown): string | number => {
  if (value instanceof Date) return value.getTime();
  if (typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'boolean' ? Number(value) : JSON.stringify(value ?? null);
};

export function compare(one: unknown, other: unknown): number {
  const byType = rankOf(one) - rankOf(other);
  if (byType !== 0) return byType;
  const [a, b] = [comparable(one), comparable(other)];
  return a < b ? -1 : Number(a > b);
}

/** All values that a path leads to: through lists, their items and they themselves. */
function valuesAt(row: unknown, names: readonly string[]): unknown[] {
  const [name, ...rest] = names;
  if (name === undefined) return Array.isArray(row) ? [...(row as unknown[]), row] : [row];
  if (Array.isArray(row)) return row.filter(isPlain).flatMap((item) => valuesAt(item, names));
  return isPlain(row) ? valuesAt(row[name], rest) : [undefined];
}

export function matches(row: ModelRow, filter: Filter): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    if (name === '$or') return (condition as Filter[]).some((one) => matches(row, one));
    if (name === '$and') return (condition as Filter[]).every((one) => matches(row, one));
    if (name === '$nor') return !(condition as Filter[]).some((one) => matches(row, one));
    return holds(valuesAt(row, name.split('.')), isPlain(condition) ? condition : { $eq: condition });
  });
}

function holds(values: readonly unknown[], conditions: Filter): boolean {
  return Object.entries(conditions).every(([operator, operand]) => {
    const within = (test: (order: number) => boolean) =>
      values.some((value) => rankOf(value) === rankOf(operand) && test(compare(value, operand)));
    switch (operator) {
      case '$eq':
        return within((order) => order === 0);
      case '$ne':
        return !holds(values, { $eq: operand });
      case '$in':
        return (operand as unknown[]).some((one) => holds(values, { $eq: one }));
      case '$not':
        return !holds(values, operand as Filter);
      case '$exists':
        return values.some((value) => value !== undefined) === operand;
      case '$gt':
        return within((order) => order > 0);
      case '$gte':
        return within((order) => order >= 0);
      case '$lt':
        return within((order) => order < 0);
      case '$regex':
        return values.some((value) => typeof value === 'string' && new RegExp(operand as string).test(value));
      default:
        throw new Error(`the model does not know ${operator}`);
    }
  });
}

/** A list sorts by its least item, or its greatest where that comes first. */
function sortValue(row: ModelRow, path: string, direction: number): unknown {
  const value = path.split('.').reduce<unknown>((at, name) => (isPlain(at) ? at[name] : undefined), row);
  if (!Array.isArray(value) || value.length === 0) return value;
  return [...(value as unknown[])].sort((one, other) => direction * compare(one, other))[0];
}

export function inOrder(rows: readonly ModelRow[], sort: readonly string[]): ModelRow[] {
  return rows.toSorted((one, other) => {
    for (const key of sort) {
      const [path, direction] = key.startsWith('-') ? [key.slice(1), -1] : [key, 1];
      const order = compare(sortValue(one, path, direction), sortValue(other, path, direction));
      if (order !== 0) return direction * order;
    }
    return 0;
  });
}

export interface ModelSelection {
  readonly filter: Filter;
  readonly sort: readonly string[] | undefined;
  readonly fields: readonly string[] | undefined;
  readonly after: number | undefined;
  readonly limit: number | undefined;
  readonly compared: readonly string[];
}

const allows = ({ fields }: RowLimit, path: string) =>
  !fields || fields.some((field) => path === field || path.startsWith(`${field}.`));

/** Undefined where the limits do not let the caller name these fields. */
export function select(
  rows: readonly ModelRow[],
  limits: readonly RowLimit[],
  { filter, sort, fields, after, limit, compared }: ModelSelection,
): object[] | undefined {
  const comparing = limits.filter((one) => compared.every((path) => allows(one, path)));
  const isNamed = fields?.every((path) => limits.some((one) => allows(one, path))) ?? true;
  if (comparing.length === 0 || !isNamed) return undefined;
  const chosen = rows.filter(
    (row) =>
      comparing.some((one) => limitMatches(row, one.filter)) &&
      matches(row, filter) &&
      (after === undefined || row._id > after),
  );
  return visible(inOrder(chosen, sort ?? ['_id']).slice(0, limit), limits, fields);
}
