import { isValueWrapper, KeyportError } from '@keyport/contracts';
import type { Query } from '../limits/limit-filter.ts';
import { boundedPattern } from './bounded-pattern.ts';
import type { KnownFields } from './field-types.ts';
import { MistypedValue, typedValue, wrappedValue } from './typed-value.ts';

type Conditions = Readonly<Record<string, unknown>>;

const connectives: ReadonlySet<string> = new Set(['$and', '$or', '$nor']);
const comparisons: ReadonlySet<string> = new Set(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte']);
const lists: ReadonlySet<string> = new Set(['$in', '$nin', '$all']);

/** A filter that was checked by the contract, and the fields that it names. */
export interface TypedFilter {
  /** As MongoDB is asked. */
  readonly query: Query;
  /** The caller's own, with the type of every value. */
  readonly typed: Query;
  /** Paths as written. */
  readonly fields: readonly string[];
}

/**
 * Gives every value of a filter the type of its field. Throws VALIDATION_FAILED for a value that cannot have it, and for
 * `$regex` where the field is no text; the path names field and operator.
 */
export function typedFilter(filter: Conditions, known: KnownFields): TypedFilter {
  const fields = new Set<string>();
  const typed = new Typing(known, fields, (pattern) => pattern).query(filter, '', ['filter']);
  const query = new Typing(known, fields, boundedPattern).query(filter, '', ['filter']);
  return { query, typed, fields: [...fields] };
}

/** `prefix` is the field that conditions on items lie under, with a dot behind it; `at` is what a fault is named by. */
class Typing {
  constructor(
    private readonly known: KnownFields,
    private readonly fields: Set<string>,
    private readonly patternOf: (pattern: string, options?: string) => string,
  ) {}

  query(filter: Conditions, prefix: string, at: readonly string[]): Query {
    return mapped(filter, (name, value) => {
      if (connectives.has(name)) {
        return (value as Conditions[]).map((branch, index) => this.query(branch, prefix, [...at, name, String(index)]));
      }
      return this.field(prefix + name, value, [...at, name]);
    });
  }

  private field(path: string, value: unknown, at: readonly string[]): unknown {
    this.fields.add(path);
    return isConditions(value) ? this.conditions(path, value, at) : this.value(path, value, at);
  }

  private conditions(path: string, conditions: Conditions, at: readonly string[]): Query {
    return mapped(conditions, (operator, operand) => {
      const here = [...at, operator];
      if (comparisons.has(operator) || lists.has(operator)) return this.value(path, operand, here);
      if (operator === '$not') return this.conditions(path, operand as Conditions, here);
      if (operator === '$elemMatch') return this.elements(path, operand as Conditions, here);
      if (operator === '$regex') return this.pattern(path, conditions, here);
      return operand;
    });
  }

  private elements(path: string, operand: Conditions, at: readonly string[]): Query {
    const ofItems = Object.keys(operand).every((name) => name.startsWith('$') && !connectives.has(name));
    return ofItems ? this.conditions(path, operand, at) : this.query(operand, `${path}.`, at);
  }

  /** A list stands for its items; a document for its fields. */
  private value(path: string, value: unknown, at: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((item) => this.value(path, item, at));
    if (isObject(value)) {
      if (isValueWrapper(value)) return wrappedValue(value);
      if (this.known.typeOf(path) === undefined)
        return mapped(value, (name, inner) => this.value(`${path}.${name}`, inner, [...at, name]));
    }
    try {
      return typedValue(value, this.known.typeOf(path));
    } catch (error) {
      throw error instanceof MistypedValue ? fault(at, error.message) : error;
    }
  }

  private pattern(path: string, { $regex, $options }: Conditions, at: readonly string[]): string {
    const type = this.known.typeOf(path);
    if (type !== undefined && type !== 'string')
      throw fault(at, `matches text alone; the schema stores this field as ${type}`);
    return this.patternOf($regex as string, $options as string | undefined);
  }
}

const isObject = (value: unknown): value is Conditions =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isConditions = (value: unknown): value is Conditions =>
  isObject(value) && Object.keys(value).some((name) => name.startsWith('$')) && !isValueWrapper(value);

/** `fromEntries` makes a field named `__proto__` a field. */
const mapped = (from: Conditions, map: (name: string, value: unknown) => unknown): Query =>
  Object.fromEntries(Object.entries(from).map(([name, value]) => [name, map(name, value)]));

const fault = (at: readonly string[], message: string) =>
  new KeyportError('VALIDATION_FAILED', {}, { errors: [{ path: at.join('.'), code: 'custom', message }] });
