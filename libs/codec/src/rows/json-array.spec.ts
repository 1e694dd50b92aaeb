import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Int32 } from 'bson';
import { type Options, read } from '../testing/read-rows.ts';

const json: Options = { format: 'json' };
const numbers = (text: string, options: Options = {}) => {
  const result = read(text, { ...json, ...options });
  return { ...result, numbers: result.documents.map(({ n }) => (n as Int32).value) };
};

describe('reading a JSON array', () => {
  it('makes a row of each element and tells the line on which it begins', () => {
    const { numbers: found, chunks } = numbers(' [\n {"n":1},\n\n {\n"n":2} ,{"n":3,"t":"],[{\\"}"}\n]\n');

    expect(found).toEqual([1, 2, 3]);
    expect([...chunks[0]!.lines]).toEqual([2, 4, 5]);
  });

  it('takes one object at the top as one row', () => {
    expect(numbers('\ufeff\n{"n":1,"a":[{"b":"}"}]}\n')).toMatchObject({ numbers: [1], fault: undefined });
  });

  it.each([
    ['', 'EMPTY_FILE'],
    [' [ ] ', 'EMPTY_FILE'],
    ['"text"', 'NOT_AN_ARRAY'],
    ['a,b\n1,2', 'NOT_AN_ARRAY'],
    ['{"n":1', 'TRUNCATED_ARRAY'],
    ['[', 'TRUNCATED_ARRAY'],
  ])('calls %j %s', (text, code) => {
    expect(numbers(text)).toMatchObject({ numbers: [], fault: { code } });
  });

  it('says so where the file is compressed', () => {
    expect(read(gzipSync('[{"n":1}]'), { format: 'json' }).fault).toMatchObject({
      code: 'NOT_AN_ARRAY',
      message: 'the file looks gzip-compressed: send Content-Encoding: gzip',
    });
  });

  it.each([
    ['[{"n":1},{"n":2},{"n":', [1, 2], 'TRUNCATED_ARRAY'],
    ['[{"n":1},{"n":2}', [1, 2], 'TRUNCATED_ARRAY'],
    ['[{"n":1},{"n":2} \n', [1, 2], 'TRUNCATED_ARRAY'],
    ['[{"n":1},', [1], 'TRUNCATED_ARRAY'],
    ['[{"n":1},{"n":2,"t":"x', [1], 'TRUNCATED_ARRAY'],
    ['[{"n":1}]{"n":2}', [1], 'TRAILING_DATA'],
    ['{"n":1}\n{"n":2}\n', [1], 'TRAILING_DATA'],
    ['[{"n":1}],', [1], 'TRAILING_DATA'],
  ])('keeps the whole elements of %j', (text, expected, code) => {
    expect(numbers(text)).toMatchObject({ numbers: expected, fault: { code } });
  });

  it.each([
    ['[{"n":1},,{"n":3}]', [1, 3], [2]],
    ['[{"n":1},]', [1], [2]],
    ['[{"n":1},{"n":[2},{"n":3}]', [1, 3], [2]],
    ['[{"n":1},{"n":2]', [1], [2]],
    ['[{"n":1},{"n":"2},\n{"n":3},{"n":4}]', [1, 3, 4], [2]],
    ['[{"n":1},{"n":2}},{"n":3}]', [1, 3], [2]],
    ['[{"n":1},7,[{"n":2}],"],",{"n":3}]', [1, 3], [2, 3, 4]],
    ['[{"n":1} {"n":2},{"n":3}]', [3], [1]],
  ])('goes on behind the bad elements of %j', (text, expected, bad) => {
    const { numbers: found, rejected, fault } = numbers(text);

    expect(found).toEqual(expected);
    expect(rejected.map(({ row }) => row)).toEqual(bad);
    expect(fault).toBeUndefined();
  });

  it('takes an array of one line as it takes one of many', () => {
    const elements = Array.from({ length: 3000 }, (_, n) => `{"n":${n}}`);

    expect(numbers(`[${elements.join()}]`).numbers).toHaveLength(3000);
    expect(numbers(`[${elements.join(' ,\r\n')}]`).numbers).toHaveLength(3000);
  });
});
