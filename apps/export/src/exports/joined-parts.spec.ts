import { describe, expect, it } from '@jest/globals';
import { joinedFrom } from './joined-parts.ts';

const part = (offset: number, text: string) => ({ offset, bytes: Buffer.from(text) });
const file = [part(0, 'abcd'), part(4, 'efgh'), part(8, 'ij')];
const read = (from: number, end: number, parts = file) => joinedFrom(from, end, parts).toString();

describe('the bytes of a range', () => {
  it.each([
    [0, 10, 'abcdefghij'],
    [0, 4, 'abcd'],
    [3, 9, 'defghi'],
    [4, 5, 'e'],
    [9, 100, 'j'],
    [10, 20, ''],
  ])('from %i to %i come from all the parts that they lie in', (from, end, expected) => {
    expect(read(from, end)).toBe(expected);
  });

  it('end where a part is missing, and never go on with what lies behind it', () => {
    const [first, second, third] = file as [(typeof file)[0], (typeof file)[0], (typeof file)[0]];

    expect(read(0, 10, [second, third])).toBe('');
    expect(read(2, 10, [first, third])).toBe('cd');
    expect(read(5, 10, [third])).toBe('');
  });
});
