import type { ScopeRule } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mappedScopes } from './scope-mapping.ts';

const rule = (claim: string | string[], value: string, ...scopes: string[]): ScopeRule => ({ claim, value, scopes });
const read = 'records:read:orders';

describe('The scopes that a mapping gives', () => {
  it.each<[string, ScopeRule, Record<string, unknown>]>([
    ['a text', rule('department', 'sales', read), { department: 'sales' }],
    ['one of a list', rule('groups', 'sales', read), { groups: ['hr', 'sales'] }],
    ['one of the names in scope', rule('scope', 'keyport', read), { scope: 'openid keyport email' }],
    ['one of the names in scp', rule('scp', 'keyport', read), { scp: 'keyport' }],
    ['one of a list in scp', rule('scp', 'keyport', read), { scp: ['keyport'] }],
    ['one inside an object', rule(['realm_access', 'roles'], 'sales', read), { realm_access: { roles: ['sales'] } }],
    ['a claim with dots in its name', rule('https://a.example/r', 'x', read), { 'https://a.example/r': ['x'] }],
    ['everybody', { scopes: [read] }, {}],
    ['an empty name in a list', rule('groups', '', read), { groups: [''] }],
  ])('are those of a rule for %s', (_what, one, claims) => {
    expect(mappedScopes([one], claims)).toEqual([read]);
  });

  it.each<[string, ScopeRule, Record<string, unknown>]>([
    ['in another case', rule('groups', 'sales', read), { groups: ['Sales'] }],
    ['with more behind it', rule('groups', 'sales', read), { groups: ['sales-eu'] }],
    ['as a part of a text', rule('groups', 'sales', read), { groups: 'hr sales' }],
    ['with a space around it', rule('groups', 'sales', read), { groups: [' sales'] }],
    ['as a number', rule('level', '1', read), { level: 1 }],
    ['as true', rule('admin', 'true', read), { admin: true }],
    ['as numbers in a list', rule('groups', '1', read), { groups: [1] }],
    ['as a list in a list', rule('groups', 'sales', read), { groups: [['sales']] }],
    ['as the name of a member', rule('groups', 'sales', read), { groups: { sales: true } }],
    ['one level deeper', rule('roles', 'sales', read), { realm_access: { roles: ['sales'] } }],
    ['one level higher', rule(['realm_access', 'roles'], 'sales', read), { roles: ['sales'] }],
    [
      'behind a path written with a dot',
      rule('realm_access.roles', 'sales', read),
      { realm_access: { roles: ['sales'] } },
    ],
    ['in a list on the way', rule(['groups', '0'], 'sales', read), { groups: ['sales'] }],
    ['in a member that every object has', rule(['constructor', 'name'], 'Object', read), {}],
    ['in the length of a text', rule(['sub', 'length'], '5', read), { sub: 'alice' }],
    ['nowhere', rule('groups', 'sales', read), {}],
    ['as null', rule('groups', 'sales', read), { groups: null }],
  ])('are none where the value stands %s', (_where, one, claims) => {
    expect(mappedScopes([one], claims)).toEqual([]);
  });

  it('are none of a rule that names a claim without a value, or a value without a claim', () => {
    const halves: ScopeRule[] = [
      { claim: 'groups', scopes: [read] },
      { value: 'sales', scopes: [read] },
    ];

    expect(mappedScopes(halves, { groups: ['sales'] })).toEqual([]);
  });

  it('are those of every rule that applies, each once, in the order of the rules', () => {
    const rules = [
      rule('groups', 'a', 'imports:create:a', read),
      rule('groups', 'b', 'imports:create:b'),
      rule('groups', 'c', 'imports:create:c'),
      { scopes: [read] },
    ];

    expect(mappedScopes(rules, { groups: ['c', 'a'] })).toEqual(['imports:create:a', read, 'imports:create:c']);
  });

  it('are never more than the rules hold, whatever a token says', () => {
    const rules = [rule('groups', 'a', read), rule(['x', 'y'], 'b', 'audit:read'), { scopes: ['datasets:read:*'] }];
    const held = new Set(rules.flatMap(({ scopes }) => scopes));

    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (claims) => {
        const given = mappedScopes(rules, claims);

        return given.every((scope) => held.has(scope)) && given.includes('datasets:read:*');
      }),
    );
  });
});
