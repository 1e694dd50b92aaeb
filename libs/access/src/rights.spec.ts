import { isScope, scopeActions, type DatasetAction, type GlobalAction, type Resource } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { intersectScopes, requireScope, scopeIsHeld, scopesAllow, scopesOf } from './rights.ts';

const resources = Object.keys(scopeActions) as Resource[];
const datasetResources = ['datasets', 'records', 'imports', 'exports', 'events'] as const;

// A small alphabet, so that names and patterns meet.
const name = fc
  .tuple(fc.constantFrom('a', 'b'), fc.string({ unit: fc.constantFrom('a', 'b', '-', '_'), maxLength: 4 }))
  .map((parts) => parts.join(''));
const pattern = fc.oneof(
  name,
  name.map((text) => `${text}*`),
  fc.constant('*'),
);
const scope = fc.oneof(
  { weight: 1, arbitrary: fc.constant('*') },
  {
    weight: 8,
    arbitrary: fc.constantFrom(...resources).chain((resource) => {
      const action = fc.constantFrom(...scopeActions[resource], '*');
      const isOfDataset = (datasetResources as readonly string[]).includes(resource);
      return isOfDataset
        ? fc.tuple(action, pattern).map(([one, dataset]) => `${resource}:${one}:${dataset}`)
        : action.map((one) => `${resource}:${one}`);
    }),
  },
);
const held = fc.array(scope, { maxLength: 4 });

/** Everything that can be asked: each action, on each dataset where it has one. */
const questions = fc.constantFrom(...resources).chain((resource) => {
  const action = fc.constantFrom(...scopeActions[resource]).map((one) => `${resource}:${one}` as DatasetAction);
  const isOfDataset = (datasetResources as readonly string[]).includes(resource);
  return fc.tuple(action, isOfDataset ? name : fc.constant(undefined));
});

describe('scopeIsHeld', () => {
  it('says yes only where the held scopes allow all that the scope allows', () => {
    fc.assert(
      fc.property(scope, held, questions, (wanted, have, [action, dataset]) => {
        expect(isScope(wanted)).toBe(true);
        fc.pre(scopeIsHeld(wanted, have) && scopesAllow([wanted], action, dataset));

        expect(scopesAllow(have, action, dataset)).toBe(true);
      }),
      { numRuns: 1_000, maxSkipsPerRun: 1_000 },
    );
  });

  it('holds of every scope for whoever has it, or has everything', () => {
    fc.assert(
      fc.property(scope, held, (wanted, have) => {
        expect(scopeIsHeld(wanted, [...have, wanted])).toBe(true);
        expect(scopeIsHeld(wanted, [...have, '*'])).toBe(true);
      }),
    );
  });

  it('goes on from one to the next: what is held of a held scope is held', () => {
    fc.assert(
      fc.property(scope, scope, held, (inner, middle, have) => {
        fc.pre(scopeIsHeld(inner, [middle]) && scopeIsHeld(middle, have));

        expect(scopeIsHeld(inner, have)).toBe(true);
      }),
      { numRuns: 300, maxSkipsPerRun: 1_000 },
    );
  });

  it.each([
    ['records:read:orders-*', ['records:read:ord*'], true],
    ['records:read:orders', ['records:read:ord*'], true],
    ['records:read:orders', ['records:*:orders'], true],
    ['records:*:orders', ['records:read:orders', 'records:create:orders'], false],
    ['records:*:a', ['records:read:*', 'records:create:a', 'records:update:a*', 'records:delete:a'], true],
    ['records:read:*', ['records:read:a*', 'records:read:b*'], false],
    ['records:read:orders*', ['records:read:orders'], false],
    ['records:read:ord*', ['records:read:orders-*'], false],
    ['records:create:orders', ['records:read:orders'], false],
    ['exports:read:orders', ['records:read:orders'], false],
    ['keys:create', ['keys:*'], true],
    ['*', ['records:*:*', 'keys:*'], false],
    ['*', ['*'], true],
  ])('%s of %j: %s', (wanted, have, expected) => {
    expect(scopeIsHeld(wanted, have)).toBe(expected);
  });

  it.each([
    '',
    'records',
    'records:read',
    'records:read:orders:x',
    'unknown:*',
    'constructor:*',
    'keys:create:orders',
    '**',
  ])('says no to %j, which is no scope, even for an owner', (text) => {
    expect(scopeIsHeld(text, ['*', text])).toBe(false);
  });
});

describe('scopesAllow', () => {
  it('gives nothing for a scope with a part that nobody knows', () => {
    expect(scopesAllow(['records:read:orders:eu'], 'records:read', 'orders')).toBe(false);
  });

  it('never lets a right to write stand for a right to read', () => {
    expect(scopesAllow(['records:create:*', 'records:update:*', 'records:delete:*'], 'records:read', 'a')).toBe(false);
  });

  it('needs a dataset for what belongs to datasets', () => {
    expect(scopesAllow(['records:read:*'], 'records:read')).toBe(false);
    expect(scopesAllow(['*'], 'records:read')).toBe(true);
  });
});

describe('requireScope', () => {
  it('names the scope that is missing', () => {
    expect(() => requireScope(['records:read:a'], 'records:read', 'b')).toThrow(
      expect.objectContaining({ code: 'INSUFFICIENT_SCOPE', params: { scope: 'records:read:b' } }),
    );
  });
});

describe('scopesOf', () => {
  it('reads an empty claim as no scopes', () => {
    expect(scopesOf('')).toEqual([]);
    expect(scopesOf('a b')).toEqual(['a', 'b']);
  });
});

describe('intersectScopes', () => {
  const datasetScopes = (['records', 'imports', 'datasets'] as const).flatMap((resource) =>
    ['*', 'read', 'create'].flatMap((action) =>
      ['*', 'o*', 'orders', 'orders-*', 'orders-eu', 'stock'].map((pattern) => `${resource}:${action}:${pattern}`),
    ),
  );
  const scopes = fc.subarray(
    ['*', 'keys:*', 'keys:read', 'users:read', 'users:*', 'audit:*', 'audit:read', ...datasetScopes],
    { maxLength: 8 },
  );
  const asked: [DatasetAction | GlobalAction, string?][] = [
    ...(['keys:read', 'keys:delete', 'users:read', 'audit:read'] as const).map((action): [GlobalAction] => [action]),
    ...(['records:read', 'records:create', 'records:delete', 'imports:create', 'datasets:read'] as const).flatMap(
      (action) =>
        ['o', 'orders', 'orders-', 'orders-eu', 'orders-eu-1', 'stock', 'x'].map((name): [DatasetAction, string] => [
          action,
          name,
        ]),
    ),
  ];

  it('allows exactly what both lists allow', () => {
    fc.assert(
      fc.property(scopes, scopes, (one, other) => {
        const both = intersectScopes(one, other);
        for (const [action, dataset] of asked) {
          expect(scopesAllow(both, action, dataset)).toBe(
            scopesAllow(one, action, dataset) && scopesAllow(other, action, dataset),
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives scopes that both lists hold', () => {
    fc.assert(
      fc.property(scopes, scopes, (one, other) => {
        for (const scope of intersectScopes(one, other)) {
          expect([scopeIsHeld(scope, one), scopeIsHeld(scope, other)]).toEqual([true, true]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[string[], string[], string[]]>([
    [['*'], ['records:read:*'], ['records:read:*']],
    [['records:*:*'], ['*'], ['records:*:*']],
    [['records:*:ord*'], ['records:read:*'], ['records:read:ord*']],
    [['records:read:orders'], ['records:read:stock'], []],
    [['records:read:orders'], ['imports:read:orders'], []],
    [['keys:*'], ['keys:read', 'keys:create'], ['keys:read', 'keys:create']],
    [['records:*:*', 'records:read:orders'], ['records:read:*'], ['records:read:*']],
    [['audit:*', 'audit:read'], ['audit:*', 'audit:read'], ['audit:*']],
    [
      ['audit:read', 'tokens:introspect'],
      ['tokens:*', 'audit:*', 'audit:read'],
      ['audit:read', 'tokens:introspect'],
    ],
    [['nonsense:read'], ['nonsense:read'], []],
    [[], ['*'], []],
  ])('of %j and %j is %j', (one, other, expected) => {
    expect(intersectScopes(one, other)).toEqual(expected);
  });

  it('takes a few milliseconds for the longest lists: every token is judged anew when anybody’s rights change', () => {
    const all = Array.from({ length: 200 }, (_, index) => `records:read:orders-${index}`);
    const took = Array.from({ length: 20 }, () => {
      const startedAt = performance.now();
      expect(intersectScopes(all, all)).toHaveLength(200);
      return performance.now() - startedAt;
    });

    // Taken apart pair by pair one round took 300 ms. Whatever else the machine does slows some rounds, not all.
    expect(Math.min(...took)).toBeLessThan(100);
  });
});
