import { KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { BSON } from 'bson';
import { addColumns, checkColumns, maxColumnBytes, maxColumns } from './columns.ts';

const bson = (...values: BSON.Document[]) => Buffer.concat(values.map((value) => BSON.serialize(value)));

describe('the columns that occur', () => {
  it('are in the order in which they were first seen, over several pages', () => {
    const first = addColumns([], bson({ _id: 1, a: 1 }, { _id: 2, b: { c: 1 } }), 'orders');

    expect(addColumns(first, bson({ _id: 3, d: [1], a: null }), 'orders')).toEqual(['_id', 'a', 'b.c', 'd']);
  });

  it('stay as they are where a page brings none', () => {
    expect(addColumns(['_id'], bson(), 'orders')).toEqual(['_id']);
  });

  it('are refused where they are too many to hold', () => {
    const wide = Object.fromEntries(Array.from({ length: maxColumns }, (_, index) => [`f${index}`, index]));

    const refused = () => addColumns(['_id'], bson(wide), 'orders');

    expect(refused).toThrow(KeyportError);
    expect(refused).toThrow(`more than ${maxColumns} different fields`);
  });

  it('are refused where their names together are too long for a cursor, over several pages', () => {
    const half = (letter: string) => ({ [letter.repeat(maxColumnBytes / 2)]: 1 });
    const first = addColumns([], bson(half('a')), 'orders');

    expect(addColumns(first, bson(half('b')), 'orders')).toHaveLength(2);
    expect(() => addColumns(first, bson(half('b'), { c: 1 }), 'orders')).toThrow(`${maxColumnBytes} bytes`);
    expect(() => checkColumns(['ü'.repeat(maxColumnBytes / 2), 'a'], 'orders')).toThrow(KeyportError);
  });
});
