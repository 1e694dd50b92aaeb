import type { AuthorizationDetail, DatasetAction } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { limitsContain, limitsOn, narrowDetails, type Limited } from './limits.ts';

type Detail = Partial<AuthorizationDetail>;
const detail = (changes: Detail = {}): AuthorizationDetail => ({
  type: 'keyport_dataset',
  datasets: ['orders'],
  actions: ['records:read'],
  ...changes,
});

describe('limitsOn', () => {
  it.each<[string, AuthorizationDetail[] | undefined, Limited]>([
    ['no details', undefined, 'all'],
    ['a detail without limits', [detail()], 'all'],
    ['a detail of another dataset', [detail({ datasets: ['stock'] })], 'none'],
    ['a detail of another action', [detail({ actions: ['records:update'] })], 'none'],
    [
      'a pattern and any action',
      [detail({ datasets: ['ord*'], actions: ['records:*'], fields: ['a'] })],
      [{ filter: undefined, fields: ['a'] }],
    ],
    [
      'two details',
      [detail({ filter: { a: 1 } }), detail({ fields: ['b'] })],
      [
        { filter: { a: 1 }, fields: undefined },
        { filter: undefined, fields: ['b'] },
      ],
    ],
    ['two details, one without limits', [detail({ filter: { a: 1 } }), detail()], 'all'],
    ['a detail of records:* for another resource', [detail({ actions: ['imports:*'] })], 'none'],
  ])('%s', (_title, details, expected) => {
    expect(limitsOn(details, 'records:read', 'orders')).toEqual(expected);
  });
});

describe('narrowDetails', () => {
  it.each<
    [string, AuthorizationDetail[] | undefined, AuthorizationDetail[] | undefined, AuthorizationDetail[] | undefined]
  >([
    ['leaves what is asked where nothing is held', undefined, [detail()], [detail()]],
    ['leaves what is held where nothing is asked', [detail()], undefined, [detail()]],
    ['is nothing where datasets do not meet', [detail()], [detail({ datasets: ['stock'] })], []],
    ['is nothing where actions do not meet', [detail()], [detail({ actions: ['records:update'] })], []],
    ['is nothing where fields do not meet', [detail({ fields: ['a'] })], [detail({ fields: ['b'] })], []],
    [
      'takes the narrower pattern and action',
      [detail({ datasets: ['ord*'], actions: ['records:*'] })],
      [detail({ datasets: ['*'], actions: ['records:read', 'records:update'] })],
      [detail({ datasets: ['ord*'], actions: ['records:read', 'records:update'] })],
    ],
    [
      'demands both filters',
      [detail({ filter: { a: 1 } })],
      [detail({ filter: { b: 2 } })],
      [detail({ filter: { $and: [{ b: 2 }, { a: 1 }] } })],
    ],
    [
      'takes the inner field',
      [detail({ fields: ['address', 'name'] })],
      [detail({ fields: ['address.city', 'total'] })],
      [detail({ fields: ['address.city'] })],
    ],
  ])('%s', (_title, held, asked, expected) => {
    expect(narrowDetails(held, asked)).toEqual(expected);
  });

  const details = fc.array(
    fc.record(
      {
        type: fc.constant('keyport_dataset' as const),
        datasets: fc.subarray(['orders', 'orders-*', 'ord*', 'stock', '*'], { minLength: 1 }),
        actions: fc.subarray(['records:read', 'records:*', 'exports:create', 'imports:*'], { minLength: 1 }),
        filter: fc.constantFrom({ a: 1 }, { b: { $gt: 2 } }, { $and: [{ a: 1 }, { c: 3 }] }),
        fields: fc.subarray(['a', 'a.b', 'a.b.c', 'd'], { minLength: 1 }),
      },
      { requiredKeys: ['type', 'datasets', 'actions'] },
    ),
    { minLength: 1, maxLength: 4 },
  );

  it('never gives on any dataset and for any action what either does not give', () => {
    const asked: [DatasetAction, string][] = (
      ['records:read', 'records:delete', 'exports:create', 'imports:create'] as const
    ).flatMap((action) =>
      ['orders', 'orders-eu', 'ordinary', 'stock', 'x'].map((dataset): [DatasetAction, string] => [action, dataset]),
    );

    fc.assert(
      fc.property(details, details, (held, wanted) => {
        const both = narrowDetails(held, wanted) as AuthorizationDetail[];
        for (const [action, dataset] of asked) {
          const inner = limitsOn(both, action, dataset);
          expect(limitsContain(limitsOn(held, action, dataset), inner)).toBe(true);
          expect(limitsContain(limitsOn(wanted, action, dataset), inner)).toBe(true);
        }
      }),
    );
  });
});

describe('limitsContain', () => {
  const eu = { filter: { region: 'eu' } };
  const names = { fields: ['name'] };

  it.each<[string, Limited, Limited, boolean]>([
    ['everything contains everything', 'all', 'all', true],
    ['nothing is contained in nothing', 'none', 'none', true],
    ['nothing contains no rows', 'none', [eu], false],
    ['rows do not contain everything', [eu], 'all', false],
    ['rows contain themselves', [eu], [{ filter: { region: 'eu' } }], true],
    ['rows contain fewer of them', [eu], [{ filter: { $and: [{ region: 'eu' }, { total: 1 }] } }], true],
    ['rows do not contain more of them', [{ filter: { $and: [{ region: 'eu' }, { total: 1 }] } }], [eu], false],
    ['rows contain no others', [eu], [{ filter: { region: 'us' } }], false],
    ['a field contains what is inside it', [{ fields: ['address'] }], [{ fields: ['address.city'] }], true],
    ['what is inside does not contain the field', [{ fields: ['address.city'] }], [{ fields: ['address'] }], false],
    ['a field contains none that begins alike', [{ fields: ['name'] }], [{ fields: ['names'] }], false],
    ['some fields do not contain all', [names], [eu], false],
    ['each of several has to be contained', [eu, names], [{ ...eu, ...names }], true],
    ['one that is not is enough', [eu], [eu, names], false],
  ])('%s', (_title, outer, inner, expected) => {
    expect(limitsContain(outer, inner)).toBe(expected);
  });
});
