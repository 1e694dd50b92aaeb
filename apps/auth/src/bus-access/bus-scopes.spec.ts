import { describe, expect, it } from '@jest/globals';
import { busScopesOf, scopesOfConnection } from './bus-scopes.ts';

describe('busScopesOf', () => {
  it.each<[string[], string[], boolean]>([
    [['*'], ['*'], true],
    [['events:publish:orders'], ['orders'], false],
    [['events:publish:orders', 'events:publish:paid-*'], ['orders', 'paid-*'], false],
    [['events:publish:orders', 'events:publish:*'], ['*'], false],
    [['events:*:orders'], ['orders'], false],
    [['events:*:*'], ['*'], true],
    [['events:read:*'], [], true],
    [['events:read:orders', 'records:*:*', 'keys:*'], [], false],
    [[], [], false],
  ])('finds in %j that %j may be published to, and whether to listen: %s', (scopes, publish, listens) => {
    expect(busScopesOf(scopes)).toEqual({ publish, listens });
  });

  it.each([
    'events:publish:>',
    'events:publish:a.b',
    'events:publish:',
    'events:publish:orders:x',
    'events:publish',
    '>',
  ])('finds nothing in %j, which is no scope', (text) => {
    expect(busScopesOf([text])).toEqual({ publish: [], listens: false });
  });
});

describe('scopesOfConnection', () => {
  it('says the same rights as scopes', () => {
    const scopes = { publish: ['orders', 'paid-*'], listens: true };

    expect(busScopesOf(scopesOfConnection(scopes))).toEqual(scopes);
  });
});
