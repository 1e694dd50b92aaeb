import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { columnNames, columnPath } from '../index.ts';

describe('the path of a column', () => {
  it.each([
    ['a.b', ['a', 'b']],
    ['a\\.b', ['a.b']],
    ['a\\\\.b', ['a\\', 'b']],
    ['a\\\\\\.b', ['a\\.b']],
    ['C:\\temp\\', ['C:\\temp\\']],
    ['a\\b.c', ['a\\b', 'c']],
    ['..', ['', '', '']],
    ['\\..', ['.', '']],
  ])('%s stands for the names %j', (path, names) => {
    expect(columnNames(path)).toEqual(names);
    expect(columnPath(names)).toBe(path);
  });

  const letters = fc.string({ unit: fc.constantFrom('a', '.', '\\', '😀') });

  it('gives back any names, and any path', () => {
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1 }), letters, (names, path) => {
        expect(columnNames(columnPath(names))).toEqual(names);
        expect(columnPath(columnNames(path))).toBe(path);
      }),
      { numRuns: 1000 },
    );
  });
});
