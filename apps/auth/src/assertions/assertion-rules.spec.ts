import { TokenFault } from '@keyport/access';
import { describe, expect, it } from '@jest/globals';
import { readAssertionClaims, requireUsable } from './assertion-rules.ts';

const now = 1_700_000_000;
const good = { iss: 'me', sub: 'me', aud: 'us', exp: now + 60, iat: now, jti: 'one' };

function checkOf(changes: Record<string, unknown>): string {
  try {
    requireUsable(readAssertionClaims({ ...good, ...changes }), (audience) => audience === 'us', now);
    return 'none';
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error;
    return error.check;
  }
}

describe('an assertion', () => {
  it.each([
    ['that says all', {}],
    ['with its audience in a list', { aud: ['us'] }],
    ['without iat', { iat: undefined }],
    ['at the end of its life', { exp: now - 4 }],
    ['of a clock that is ahead', { iat: now + 5, nbf: now + 5 }],
    ['for five minutes', { exp: now + 300 }],
  ])('%s is usable', (_what, changes) => {
    expect(checkOf(changes)).toBe('none');
  });

  it.each([
    ['for another', { aud: 'them' }, 'audience'],
    ['for another too', { aud: ['us', 'them'] }, 'claims'],
    ['for nobody', { aud: [] }, 'claims'],
    ['that has expired', { exp: now - 5 }, 'time'],
    ['for longer than five minutes', { exp: now + 306 }, 'time'],
    ['whose end is a text', { exp: String(now + 60) }, 'claims'],
    ['whose end is part of a second', { exp: now + 0.5 }, 'claims'],
    ['from the future', { iat: now + 6 }, 'time'],
    ['that is not good yet', { nbf: now + 6 }, 'time'],
    ['without an id', { jti: undefined }, 'claims'],
    ['with an empty id', { jti: '' }, 'claims'],
  ])('%s is not', (_what, changes, check) => {
    expect(checkOf(changes)).toBe(check);
  });
});
