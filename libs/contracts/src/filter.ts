import { z } from 'zod';
import { patternFault } from './pattern.ts';
import { maxPathNames } from './shapes.ts';
import { isValueWrapper, wrapperFault } from './value-wrapper.ts';

/** Operators of a filter (MongoDB manual, "Query and Projection Operators"); those that run code or scan text are left out. */
const comparisons = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'] as const;
const lists = ['$in', '$nin'] as const;
const connectives = ['$and', '$or', '$nor'] as const;
/** Of a caller's own filter alone: limits of a token are read by people, and compared with one another. */
const queryOperators = ['$all', '$size', '$elemMatch', '$regex', '$options'] as const;

const limitOperators: readonly string[] = [...comparisons, ...lists, '$exists', '$not', ...connectives];

const maxDepth = 8;

/** Where something is wrong with a filter, and what. */
export interface FilterFault {
  /** Names of fields and operators that lead there. */
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * What is wrong with a filter, as a sentence; undefined where nothing is. Good is a MongoDB query of fields, values as
 * Extended JSON, the comparisons, `$in`, `$nin`, `$exists`, `$not`, `$and`, `$or` and `$nor`.
 */
export const filterFault = (value: unknown): string | undefined =>
  new FilterCheck(limitOperators, 500).of(value)?.message;

/** The same of a caller's own filter, which may also use `$all`, `$size`, `$elemMatch` and bounded `$regex`. */
export const queryFault = (value: unknown): FilterFault | undefined =>
  new FilterCheck([...limitOperators, ...queryOperators], 2_000).of(value);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);

/** Looks at one filter. The methods answer what is wrong, and leave {@link path} where it is. */
class FilterCheck {
  private readonly path: string[] = [];
  private left: number;

  constructor(
    private readonly operators: readonly string[],
    private readonly maxNodes: number,
  ) {
    this.left = maxNodes;
  }

  of(value: unknown): FilterFault | undefined {
    const message = this.query(value, 0);
    return message === undefined ? undefined : { path: this.path, message };
  }

  private query(query: unknown, depth: number): string | undefined {
    if (!isObject(query)) return 'a filter must be an object';
    if (depth > maxDepth) return tooDeep;
    return this.each(Object.entries(query), (name, value) =>
      isOneOf(connectives, name) ? this.branches(name, value, depth) : this.field(name, value, depth),
    );
  }

  private branches(name: string, value: unknown, depth: number): string | undefined {
    if (!Array.isArray(value) || value.length === 0) return `${name} takes a list of filters`;
    return this.each(Object.entries(value as unknown[]), (_index, branch) => this.query(branch, depth + 1));
  }

  private field(name: string, value: unknown, depth: number): string | undefined {
    if (name.startsWith('$')) return this.refused(name);
    if (name === '' || name.length > 512 || name.includes('\u0000'))
      return 'a field name must have 1 to 512 characters and no NUL';
    if (name.split('.').length > maxPathNames) return `a path may hold ${maxPathNames} names`;
    if (!isObject(value) || !Object.keys(value).some((key) => key.startsWith('$')) || isValueWrapper(value))
      return this.value(value, depth + 1);
    return this.conditions(value, depth + 1);
  }

  private conditions(conditions: Record<string, unknown>, depth: number): string | undefined {
    if (depth > maxDepth) return tooDeep;
    return this.each(Object.entries(conditions), (operator, operand) =>
      this.condition(operator, operand, depth, conditions),
    );
  }

  private condition(operator: string, operand: unknown, depth: number, beside: Record<string, unknown>) {
    if (!isOneOf(this.operators, operator)) return this.refused(operator);
    if (isOneOf(comparisons, operator)) return this.value(operand, depth + 1);
    switch (operator) {
      case '$in':
      case '$nin':
      case '$all':
        return Array.isArray(operand) ? this.value(operand, depth) : `${operator} takes a list`;
      case '$exists':
        return typeof operand === 'boolean' ? undefined : '$exists takes true or false';
      case '$not': {
        const hasConditions = isObject(operand) && Object.keys(operand).length > 0;
        return hasConditions ? this.conditions(operand, depth + 1) : '$not takes conditions';
      }
      case '$size':
        return Number.isInteger(operand) && Number(operand) >= 0 ? undefined : '$size takes a number of items';
      case '$elemMatch':
        return this.elements(operand, depth);
      case '$regex':
        return patternFault(operand, typeof beside.$options === 'string' ? beside.$options : '');
      case '$options':
        return optionsFault(operand, beside);
      default:
        return this.refused(operator);
    }
  }

  /** Conditions on an item itself, or a filter of its fields. */
  private elements(operand: unknown, depth: number): string | undefined {
    if (!isObject(operand) || Object.keys(operand).length === 0) return '$elemMatch takes conditions';
    const areConditions = Object.keys(operand).every((name) => name.startsWith('$') && !isOneOf(connectives, name));
    return areConditions ? this.conditions(operand, depth + 1) : this.query(operand, depth + 1);
  }

  private value(value: unknown, depth: number): string | undefined {
    if ((this.left -= 1) < 0) return this.tooMany();
    if (depth > maxDepth) return tooDeep;
    if (Array.isArray(value)) {
      return value.map((item) => this.value(item, depth + 1)).find((fault) => fault !== undefined);
    }
    if (!isObject(value)) return undefined;
    if (isValueWrapper(value)) return wrapperFault(value);
    return this.each(Object.entries(value), (name, inner) => {
      if (name.startsWith('$')) return `the value operator ${name} is not allowed`;
      return name.includes('\u0000') ? 'a field name must have no NUL' : this.value(inner, depth + 1);
    });
  }

  /** The first fault; {@link path} then ends with the name that it was met under. */
  private each(
    entries: readonly (readonly [string, unknown])[],
    faultOf: (name: string, value: unknown) => string | undefined,
  ): string | undefined {
    for (const [name, value] of entries) {
      this.path.push(name);
      if ((this.left -= 1) < 0) return this.tooMany();
      const fault = faultOf(name, value);
      if (fault !== undefined) return fault;
      this.path.pop();
    }
    return undefined;
  }

  private readonly refused = (operator: string) =>
    `the operator ${operator} is not allowed; ${this.operators.join(', ')} are`;
  private readonly tooMany = () => `a filter may hold ${this.maxNodes} conditions`;
}

const tooDeep = `a filter may be nested ${maxDepth} deep`;

function optionsFault(options: unknown, beside: Record<string, unknown>): string | undefined {
  if (!Object.hasOwn(beside, '$regex')) return '$options takes a $regex beside it';
  return typeof options === 'string' && /^[ims]{0,3}$/.test(options) ? undefined : '$options takes i, m and s';
}

/** A MongoDB query over the operators that Keyport allows, its values as Extended JSON. */
export const filter = z
  .record(z.string(), z.unknown())
  .check(({ value, issues }) => {
    const fault = filterFault(value);
    if (fault !== undefined) issues.push({ code: 'custom', message: fault, input: value });
  })
  .meta({ id: 'Filter', example: { region: 'eu', total: { $gte: 100 } } });
