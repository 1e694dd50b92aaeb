import { describe, expect, it } from '@jest/globals';
import { assertSameRows, withNumbers } from './compare-rows.ts';
import { csvRows } from './csv-rows.ts';

describe('csvRows', () => {
  it('reads quotes, quoted newlines and commas, empty fields and both line ends', () => {
    const text = 'a,b,c\r\n"x ""y""","1\n2, 3",\n,,z';

    expect(csvRows(text)).toEqual([
      { a: 'x "y"', b: '1\n2, 3', c: '' },
      { a: '', b: '', c: 'z' },
    ]);
  });

  it('gives the last empty field of a text without a last newline', () => {
    expect(csvRows('a,b\n1,')).toEqual([{ a: '1', b: '' }]);
  });

  it('refuses a quote in the middle of a bare field', () => {
    expect(() => csvRows('a\nx"y\n')).toThrow(/not CSV at character 2/);
  });
});

describe('assertSameRows', () => {
  const rows = [
    { a: 1, b: 'x' },
    { a: 1, b: 'x' },
    { a: 2, b: 'y' },
  ];

  it('takes another order of rows and fields, and an _id beside them', () => {
    const returned = [
      { _id: '1', b: 'y', a: 2 },
      { b: 'x', a: 1 },
      { a: 1, b: 'x' },
    ];

    expect(() => assertSameRows('test', rows, returned)).not.toThrow();
  });

  it.each([
    ['a lost row', rows.slice(1)],
    ['a doubled row', [...rows, { a: 2, b: 'y' }]],
    ['another value', [...rows.slice(0, 2), { a: 3, b: 'y' }]],
    ['another type', [...rows.slice(0, 2), { a: '2', b: 'y' }]],
    ['a lost field', [...rows.slice(0, 2), { a: 2 }]],
  ])('sees %s', (_what, returned) => {
    expect(() => assertSameRows('test', rows, returned)).toThrow(/3 rows went in/);
  });
});

describe('withNumbers', () => {
  it('turns numbers into numbers and leaves other text as it is', () => {
    expect(
      withNumbers(
        [
          { a: '1.50', b: '007' },
          { a: '', b: 'x' },
        ],
        ['a'],
      ),
    ).toEqual([
      { a: 1.5, b: '007' },
      { a: '', b: 'x' },
    ]);
  });
});
