import { z } from 'zod';
import { maxPathNames } from './shapes.ts';
import { isValueWrapper, wrapperFault } from './value-wrapper.ts';

/** Operators of a filter (MongoDB manual, "Query and Projection Operators"); those that run code or scan text are left out. */
const comparisons = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'] as const;
const lists = ['$in', '$nin'] as const;
const connectives = ['$and', '$or', '$nor'] as const;

/** As a sentence names them. */
const allowedOperators = [...comparisons, ...lists, '$exists', '$not', ...connectives].join(', ');

const maxDepth = 8;
const maxNodes = 500;

/**
 * What is wrong with a filter, as a sentence; undefined where nothing is. Good is a MongoDB query of fields, values as
 * Extended JSON, the comparisons, `$in`, `$nin`, `$exists`, `$not`, `$and`, `$or` and `$nor`.
 */
export function filterFault(value: unknown): string | undefined {
  const budget = { nodes: maxNodes };
  return faultOfQuery(value, 0, budget);
}

interface Budget {
  nodes: number;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faultOfQuery(query: unknown, depth: number, budget: Budget): string | undefined {
  if (!isObject(query)) return 'a filter must be an object';
  if (depth > maxDepth) return `a filter may be nested ${maxDepth} deep`;
  for (const [name, value] of Object.entries(query)) {
    if ((budget.nodes -= 1) < 0) return `a filter may hold ${maxNodes} conditions`;
    const fault = (connectives as readonly string[]).includes(name)
      ? faultOfBranches(name, value, depth, budget)
      : faultOfField(name, value, depth, budget);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfBranches(name: string, value: unknown, depth: number, budget: Budget): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return `${name} takes a list of filters`;
  for (const branch of value) {
    const fault = faultOfQuery(branch, depth + 1, budget);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfField(name: string, value: unknown, depth: number, budget: Budget): string | undefined {
  if (name.startsWith('$')) return `the operator ${name} is not allowed; ${allowedOperators} are`;
  if (name === '' || name.length > 512 || name.includes('\u0000'))
    return 'a field name must have 1 to 512 characters and no NUL';
  if (name.split('.').length > maxPathNames) return `a path may hold ${maxPathNames} names`;
  if (!isObject(value) || !Object.keys(value).some((key) => key.startsWith('$')) || isValueWrapper(value))
    return faultOfValue(value, depth + 1, budget);
  return faultOfConditions(value, depth + 1, budget);
}

function faultOfConditions(conditions: Record<string, unknown>, depth: number, budget: Budget): string | undefined {
  if (depth > maxDepth) return `a filter may be nested ${maxDepth} deep`;
  for (const [operator, operand] of Object.entries(conditions)) {
    if ((budget.nodes -= 1) < 0) return `a filter may hold ${maxNodes} conditions`;
    const fault = faultOfCondition(operator, operand, depth, budget);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfCondition(operator: string, operand: unknown, depth: number, budget: Budget): string | undefined {
  if ((comparisons as readonly string[]).includes(operator)) return faultOfValue(operand, depth + 1, budget);
  if ((lists as readonly string[]).includes(operator)) {
    if (!Array.isArray(operand)) return `${operator} takes a list`;
    return operand.map((item) => faultOfValue(item, depth + 1, budget)).find((fault) => fault !== undefined);
  }
  if (operator === '$exists') return typeof operand === 'boolean' ? undefined : '$exists takes true or false';
  if (operator === '$not') {
    const hasConditions = isObject(operand) && Object.keys(operand).length > 0;
    return hasConditions ? faultOfConditions(operand, depth + 1, budget) : '$not takes conditions';
  }
  return `the operator ${operator} is not allowed; ${allowedOperators} are`;
}

function faultOfValue(value: unknown, depth: number, budget: Budget): string | undefined {
  if ((budget.nodes -= 1) < 0) return `a filter may hold ${maxNodes} conditions`;
  if (depth > maxDepth) return `a filter may be nested ${maxDepth} deep`;
  if (Array.isArray(value))
    return value.map((item) => faultOfValue(item, depth + 1, budget)).find((fault) => fault !== undefined);
  if (!isObject(value)) return undefined;
  if (isValueWrapper(value)) return wrapperFault(value);
  for (const [name, inner] of Object.entries(value)) {
    if (name.startsWith('$')) return `the value operator ${name} is not allowed`;
    if (name.includes('\u0000')) return 'a field name must have no NUL';
    const fault = faultOfValue(inner, depth + 1, budget);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A MongoDB query over the operators that Keyport allows, its values as Extended JSON. */
export const filter = z
  .record(z.string(), z.unknown())
  .check(({ value, issues }) => {
    const fault = filterFault(value);
    if (fault !== undefined) issues.push({ code: 'custom', message: fault, input: value });
  })
  .meta({ id: 'Filter', example: { region: 'eu', total: { $gte: 100 } } });
