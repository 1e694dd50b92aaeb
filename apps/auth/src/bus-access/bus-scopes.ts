import { scopeIsHeld } from '@keyport/access';
import { isScope } from '@keyport/contracts';

/** What a holder's rights are good for on the bus. */
export interface BusScopes {
  /** Dataset patterns. */
  readonly publish: readonly string[];
  /** Events name no dataset by their subject, so that only who may read those of all datasets may listen. */
  readonly listens: boolean;
}

/** What is not a scope, as a token that its holder signed may hold, gives nothing. */
export function busScopesOf(scopes: readonly string[]): BusScopes {
  const good = scopes.filter(isScope);
  const patterns = [...new Set(good.flatMap((scope) => publishPattern(scope) ?? []))];
  return { publish: patterns.includes('*') ? ['*'] : patterns, listens: scopeIsHeld('events:read:*', good) };
}

function publishPattern(scope: string): string | undefined {
  if (scope === '*') return '*';
  const [resource, action, pattern] = scope.split(':');
  return resource === 'events' && (action === 'publish' || action === '*') ? pattern : undefined;
}

/** The rights that a connection was given, as scopes. */
export const scopesOfConnection = ({ publish, listens }: BusScopes): readonly string[] => [
  ...publish.map((pattern) => `events:publish:${pattern}`),
  ...(listens ? ['events:read:*'] : []),
];

/** `orders-*`: NATS knows no such wildcard, a token of a subject is matched whole or not at all. */
export const isPrefix = (pattern: string): boolean => pattern.length > 1 && pattern.endsWith('*');
