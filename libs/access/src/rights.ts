import {
  isScope,
  KeyportError,
  scopeActions,
  type DatasetAction,
  type GlobalAction,
  type Resource,
} from '@keyport/contracts';

/** Splits the `scope` claim (RFC 6749 §3.3: tokens separated by spaces). */
export const scopesOf = (claim: string): readonly string[] => (claim === '' ? [] : claim.split(' '));

/** True where one of the scopes gives the action, on the dataset where the action belongs to one. */
export function scopesAllow(
  scopes: readonly string[],
  action: DatasetAction | GlobalAction,
  dataset?: string,
): boolean {
  return scopes.some((scope) => scopeAllows(scope, action, dataset));
}

function scopeAllows(scope: string, wanted: string, dataset: string | undefined): boolean {
  if (scope === '*') return true;
  const [resource, action, pattern, ...rest] = scope.split(':');
  const [wantedResource, wantedAction] = wanted.split(':');
  // No right has a fourth part: what is not understood gives nothing.
  if (rest.length > 0) return false;
  if (resource !== wantedResource || (action !== '*' && action !== wantedAction)) return false;
  if (dataset === undefined) return pattern === undefined;
  return pattern !== undefined && patternMatches(pattern, dataset);
}

/** An exact name, or a trailing wildcard: `orders-*` covers `orders-eu`, and `*` covers everything. */
export function patternMatches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** True where everything that `scope` gives is given by `held` too: nobody passes on more than they have. */
export function scopeIsHeld(scope: string, held: readonly string[]): boolean {
  if (!isScope(scope)) return false;
  if (held.includes('*') || held.includes(scope)) return true;
  const [resource, action, pattern] = scope.split(':') as [Resource, string?, string?];
  // `*` alone, everything, is given by nothing else.
  if (action === undefined) return false;
  const actions = action === '*' ? scopeActions[resource] : [action];
  return actions.every((one) => held.some((candidate) => covers(candidate, resource, one, pattern)));
}

function covers(held: string, resource: string, action: string, pattern: string | undefined): boolean {
  const [heldResource, heldAction, heldPattern, ...rest] = held.split(':');
  if (rest.length > 0) return false;
  if (heldResource !== resource || (heldAction !== '*' && heldAction !== action)) return false;
  if (pattern === undefined || heldPattern === undefined) return pattern === heldPattern;
  // `ord*` covers `orders-*`: the wildcard of the inner pattern is one more character that the outer one swallows.
  return patternMatches(heldPattern, pattern);
}

/** What both lists give: each scope of the one narrowed by each of the other. Associative, so three lists are cut in turn. */
export function intersectScopes(one: readonly string[], other: readonly string[]): readonly string[] {
  if (one.includes('*')) return other;
  if (other.includes('*')) return one;
  const common = new Set(one.flatMap((left) => other.flatMap((right) => commonScope(left, right) ?? [])));
  return [...common].filter((scope) => !isGivenByAnother(scope, common));
}

function commonScope(left: string, right: string): string | undefined {
  if (!isScope(left) || !isScope(right)) return undefined;
  const [resource, leftAction = '', leftPattern] = left.split(':');
  const [otherResource, rightAction = '', rightPattern] = right.split(':');
  if (resource !== otherResource) return undefined;
  const action = commonOf(leftAction, rightAction);
  if (action === undefined) return undefined;
  if (leftPattern === undefined || rightPattern === undefined) return `${resource}:${action}`;
  const pattern = commonPattern(leftPattern, rightPattern);
  return pattern === undefined ? undefined : `${resource}:${action}:${pattern}`;
}

function commonOf(left: string, right: string): string | undefined {
  if (left === '*') return right;
  return right === '*' || left === right ? left : undefined;
}

/** The narrower of two dataset patterns, where they have names in common. */
export function commonPattern(one: string, other: string): string | undefined {
  if (patternMatches(one, other)) return other;
  return patternMatches(other, one) ? one : undefined;
}

const isGivenByAnother = (scope: string, all: ReadonlySet<string>): boolean =>
  [...all].some((other) => other !== scope && scopeIsHeld(scope, [other]));

/** Throws INSUFFICIENT_SCOPE naming the scope that would have been enough. */
export function requireScope(scopes: readonly string[], action: DatasetAction | GlobalAction, dataset?: string): void {
  if (scopesAllow(scopes, action, dataset)) return;
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope: dataset === undefined ? action : `${action}:${dataset}` });
}
