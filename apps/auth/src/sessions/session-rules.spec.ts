import { describe, expect, it } from '@jest/globals';
import { accessTokenLifetime } from './session-rules.ts';

const now = new Date('2030-01-01T00:00:00.000Z');
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000);

describe('an access token of a session', () => {
  it.each([
    ['ten minutes', 30 * 24 * 3600, 600],
    ['no longer than the session', 90.9, 90],
    ['a second at least', 0.2, 1],
  ])('lives for %s', (_name, left, expected) => {
    expect(accessTokenLifetime(inSeconds(left), now)).toBe(expected);
  });
});
