import { describe, expect, it } from '@jest/globals';
import { newUserCode, readUserCode, shownUserCode } from './user-code.ts';

describe('A user code', () => {
  it('is eight letters without vowels, new each time', () => {
    const codes = Array.from({ length: 200 }, newUserCode);

    expect(codes.every((code) => /^[BCDFGHJKLMNPQRSTVWXZ]{8}$/.test(code))).toBe(true);
    expect(new Set(codes).size).toBe(200);
  });

  it('uses every letter', () => {
    const letters = new Set(Array.from({ length: 400 }, newUserCode).join(''));

    expect(letters.size).toBe(20);
  });

  it.each(['BCDF-GHJK', 'bcdf-ghjk', 'BCDFGHJK', ' bcdf ghjk ', 'BCDF–GHJK', 'b c d f g h j k'])(
    'is read as a person types it: %s',
    (typed) => {
      expect(readUserCode(typed)).toBe('BCDFGHJK');
    },
  );

  it.each(['', 'BCDF-GHJ', 'BCDF-GHJKL', 'ABCD-FGHJ', 'BCDF-GHJ1', 'BCDF\u0000GHJK', '{"$ne":null}'])(
    'is none of %j',
    (typed) => {
      expect(readUserCode(typed)).toBeUndefined();
    },
  );

  it('is shown in two halves, and read back', () => {
    const code = newUserCode();

    expect(shownUserCode(code)).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(readUserCode(shownUserCode(code))).toBe(code);
  });
});
