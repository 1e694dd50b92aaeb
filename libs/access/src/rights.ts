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
  const theirs = Map.groupBy(partsOf(other), ({ resource }) => resource);
  const common = new Map<string, Parts>();
  for (const left of partsOf(one)) {
    for (const right of theirs.get(left.resource) ?? []) {
      const both = commonParts(left, right);
      if (both) common.set(both.text, both);
    }
  }
  return withoutRepetition([...common.values()]).map(({ text }) => text);
}

/** Every token's rights are cut anew when anybody's change: of two hundred scopes each is taken apart once. */
interface Parts {
  readonly text: string;
  readonly resource: Resource;
  readonly action: string;
  readonly pattern: string | undefined;
}

const partsOf = (scopes: readonly string[]): Parts[] =>
  scopes.filter(isScope).map((text) => {
    const [resource, action = '', pattern] = text.split(':') as [Resource, string?, string?];
    return { text, resource, action, pattern };
  });

function commonParts(left: Parts, right: Parts): Parts | undefined {
  const action = commonOf(left.action, right.action);
  if (action === undefined) return undefined;
  const { resource } = left;
  if (left.pattern === undefined || right.pattern === undefined)
    return { text: `${resource}:${action}`, resource, action, pattern: undefined };
  const pattern = commonPattern(left.pattern, right.pattern);
  return pattern === undefined ? undefined : { text: `${resource}:${action}:${pattern}`, resource, action, pattern };
}

function commonOf(left: string, right: string): string | undefined {
  if (left === '*') return right;
  return right === '*' || left === right ? left : undefined;
}

/** Without what another one gives; of two that give the same (`audit:*` is `audit:read`) the first stays. */
function withoutRepetition(all: readonly Parts[]): readonly Parts[] {
  const byResource = Map.groupBy(all, ({ resource }) => resource);
  return all.filter((scope) => {
    let isBefore = true;
    return !byResource.get(scope.resource)?.some((other) => {
      if (other === scope) isBefore = false;
      return other !== scope && gives(other, scope) && (isBefore || !gives(scope, other));
    });
  });
}

function gives(one: Parts, other: Parts): boolean {
  const actions: readonly string[] = scopeActions[other.resource];
  const action = other.action === '*' && actions.length === 1 ? actions[0] : other.action;
  if (one.action !== '*' && one.action !== action) return false;
  if (one.pattern === undefined || other.pattern === undefined) return true;
  return patternMatches(one.pattern, other.pattern);
}

/** The narrower of two dataset patterns, where they have names in common. */
export function commonPattern(one: string, other: string): string | undefined {
  if (patternMatches(one, other)) return other;
  return patternMatches(other, one) ? one : undefined;
}

/** Throws INSUFFICIENT_SCOPE naming the scope that would have been enough. */
export function requireScope(scopes: readonly string[], action: DatasetAction | GlobalAction, dataset?: string): void {
  if (scopesAllow(scopes, action, dataset)) return;
  throw new KeyportError('INSUFFICIENT_SCOPE', { scope: dataset === undefined ? action : `${action}:${dataset}` });
}
