import fc from 'fast-check';
import type { RowFormat } from '../index.ts';

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.integer().map((n) => `{"n":${n},"t":"ä€😀"}`) },
  fc.constantFrom(
    '{"_id":1}',
    '{}',
    'bad',
    '',
    ' ',
    '{"a":"x\\"y"}',
    '{"a":[1,2,{"b":"]"}]}',
    '{"a":"no end}',
    '}',
    '{"a":[1}',
    '\r',
  ),
  fc.nat({ max: 200 }).map((length) => `{"long":"${'x'.repeat(length)}"}`),
  fc.nat({ max: 40 }).map((length) => `{"grows":[${'1,'.repeat(length)}1]}`),
  fc.nat({ max: 150 }).map((length) => ' '.repeat(length)),
);
const cell = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('a', '', 'ä€😀', '"x,y"', '"line\nbreak"', '"crlf\r\n"', '"dou""bled"', '""', ' '),
  },
  fc.constantFrom('"open', 'a"b', '"a"b', '\r', '"a"\r'),
  fc.nat({ max: 90 }).map((length) => 'x'.repeat(length)),
);
const lineBreak = fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n');
const mark = fc.constantFrom('', '\ufeff');

/** Files of each format, with good rows and all that can be wrong with how rows begin and end. */
export const arbitraryFiles: [RowFormat, fc.Arbitrary<string>][] = [
  ['ndjson', fc.tuple(mark, fc.array(fc.tuple(piece, lineBreak))).map(([bom, rows]) => bom + rows.flat().join(''))],
  [
    'json',
    fc
      .tuple(
        mark,
        fc.array(piece),
        fc.constantFrom(',', ',\n', ' ,\r\n '),
        fc.constantFrom(']', ' ]\n\n', '', ']x', '},'),
      )
      .map(([bom, rows, comma, end]) => `${bom}[${rows.join(comma)}${end}`),
  ],
  [
    'csv',
    fc
      .tuple(mark, fc.array(fc.tuple(fc.array(cell, { minLength: 1, maxLength: 3 }), lineBreak)))
      .map(([bom, rows]) => `${bom}a,b.c\n${rows.map(([cells, end]) => cells.join() + end).join('')}`),
  ],
];
