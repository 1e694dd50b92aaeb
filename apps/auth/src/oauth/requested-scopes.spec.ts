import { codeOf } from '@keyport/testing';
import { describe, expect, it } from '@jest/globals';
import { requestedScopes } from './requested-scopes.ts';

const held = ['records:*:orders-*', 'keys:read'];

describe('what a request is given', () => {
  it.each([
    ['all where it asks for nothing', undefined, held],
    ['what it asks for', 'keys:read', ['keys:read']],
    ['a narrower scope than is held', 'records:read:orders-eu', ['records:read:orders-eu']],
    ['each once', 'keys:read keys:read', ['keys:read']],
  ])('is %s', (_what, asked, scopes) => {
    expect(requestedScopes(asked, held)).toEqual(scopes);
  });

  it.each(['*', 'records:read:*', 'keys:create', 'nonsense', 'records:read:orders-eu keys:*'])(
    'is never %s',
    async (asked) => {
      expect(await codeOf((async () => requestedScopes(asked, held))())).toBe('OAUTH_SCOPE_INVALID');
    },
  );
});
