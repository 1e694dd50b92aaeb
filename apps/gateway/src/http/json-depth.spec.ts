import { describe, expect, it } from '@jest/globals';
import { isNestedDeeper } from './json-depth.ts';

describe('isNestedDeeper', () => {
  it('counts brackets, not those in strings', () => {
    expect(isNestedDeeper('[[[1]]]', 3)).toBe(false);
    expect(isNestedDeeper('[[[[1]]]]', 3)).toBe(true);
    expect(isNestedDeeper('{"a":"[[[[\\"[[["}', 1)).toBe(false);
  });

  it('answers quickly for a hundred thousand brackets', () => {
    expect(isNestedDeeper('['.repeat(100_000), 64)).toBe(true);
  });
});
