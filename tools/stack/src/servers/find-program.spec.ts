import { describe, expect, it } from '@jest/globals';
import { isAtLeast, versionIn } from './find-program.ts';

describe('versionIn', () => {
  it.each([
    ['db version v6.0.5\nBuild Info: {', [6, 0]],
    ['nats-server: v2.15.1', [2, 15]],
  ])('reads %j', (text, version) => {
    expect(versionIn(text)).toEqual(version);
  });

  it('finds none in other text', () => {
    expect(versionIn('command not found')).toBeUndefined();
  });
});

describe('isAtLeast', () => {
  it.each([
    [[5, 0], true],
    [[6, 0], true],
    [[4, 4], false],
  ] as const)('compares %j with 5.0', (version, expected) => {
    expect(isAtLeast(version, [5, 0])).toBe(expected);
  });

  it('compares numbers, not text', () => {
    expect(isAtLeast([2, 9], [2, 11])).toBe(false);
  });
});
