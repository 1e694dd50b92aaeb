import { describe, expect, it } from '@jest/globals';
import { boundedPattern, longestText } from './bounded-pattern.ts';

describe('a pattern that MongoDB is given', () => {
  it.each(['eu-', '^eu-[A-Z]{2}$', '(?:red|green|blue)?-', '(a|b|c|d|e|f){0,1}'])('is %s itself', (pattern) => {
    expect(boundedPattern(pattern)).toBe(pattern);
  });

  it.each([
    ['foo.*bar', '', 6324],
    ['^foo.*bar', '', 65_535],
    ['^foo.*bar', 'm', 6324],
    ['a*b*c', '', 447],
    ['^a*b*c*d', '', 84],
    ['^a*b*c', '', 447],
    ['a{0,19}b{0,49}c*', '', 100],
    ['(?:red|green)x*y', '', 2581],
  ])('%s (%s) looks at texts of up to %d characters', (pattern, options, most) => {
    expect(longestText(pattern, options)).toBe(most);
  });
});
