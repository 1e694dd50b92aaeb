import type { ScopeRule } from '@keyport/contracts';

/** Claims that hold several names in one text (RFC 8693 §4.2; `scp` is what some issuers call it). */
const nameLists = ['scope', 'scp'];

type Claims = Readonly<Record<string, unknown>>;

/**
 * The scopes that an issuer's mapping gives for the claims of one of its tokens: those of every rule that applies, each
 * once. What is not text, or stands elsewhere than the rule says, matches nothing; names are compared exactly.
 */
export function mappedScopes(rules: readonly ScopeRule[], claims: Claims): readonly string[] {
  return [...new Set(rules.filter((rule) => applies(rule, claims)).flatMap(({ scopes }) => scopes))];
}

function applies({ claim, value }: ScopeRule, claims: Claims): boolean {
  // A rule for every token names neither; one that names half of it is none.
  if (claim === undefined || value === undefined) return claim === undefined && value === undefined;
  return valuesAt(claims, typeof claim === 'string' ? [claim] : claim).includes(value);
}

function valuesAt(claims: Claims, path: readonly string[]): readonly string[] {
  const found = path.reduce<unknown>(memberOf, claims);
  if (Array.isArray(found)) return found.filter((one) => typeof one === 'string');
  if (typeof found !== 'string') return [];
  return nameLists.includes(path.at(-1) ?? '') ? found.split(' ') : [found];
}

/** Own members of objects alone: no claim is called `constructor` or `length`. */
function memberOf(of: unknown, name: string): unknown {
  if (typeof of !== 'object' || of === null || Array.isArray(of) || !Object.hasOwn(of, name)) return undefined;
  return (of as Claims)[name];
}
