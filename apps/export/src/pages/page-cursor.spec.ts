import { KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { BSON } from 'bson';
import { afterRows, firstPosition, type RowsPosition } from '../reading/position.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

const positionAfterOnePage = () => {
  const first = firstPosition(
    { dataset: 'orders' },
    { format: 'csv', ejson: 'relaxed', fields: ['a', 'b.c'], limit: 10 },
    undefined,
  );
  return afterRows(first as RowsPosition, {
    datasetId: 'd'.repeat(24),
    count: 3,
    next: Buffer.from([1, 2, 3]),
  }) as RowsPosition;
};

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof KeyportError ? error.code : error;
  }
  return 'no error';
};

const encode = (value: BSON.Document) => Buffer.from(BSON.serialize(value)).toString('base64url');

describe('a page cursor', () => {
  it('gives back the position it was made from', () => {
    const at = positionAfterOnePage();

    const read = decodeCursor(encodeCursor(at), 'orders');

    expect(read).toEqual({ ...at, scan: Buffer.from([1, 2, 3]) });
    expect(read.left).toBe(7);
  });

  it('is refused for another dataset', () => {
    const cursor = encodeCursor(positionAfterOnePage());

    expect(codeOf(() => decodeCursor(cursor, 'customers'))).toBe('CURSOR_INVALID');
  });

  it.each([
    ['no base64url', 'not a cursor!'],
    ['base64url with bits to spare', `${encodeCursor(positionAfterOnePage()).slice(0, -1)}-`],
    ['cut short', encodeCursor(positionAfterOnePage()).slice(0, -8)],
    ['empty', ''],
    ['JSON', Buffer.from('{"v":1}').toString('base64url')],
    ['a field too many', encode({ ...positionAfterOnePage(), admin: true })],
    ['a field of another type', encode({ ...positionAfterOnePage(), hasWritten: 'yes' })],
    ['a field too few', encode({ v: 1, dataset: 'orders', pass: 'rows' })],
    ['a limit below one', encode({ ...positionAfterOnePage(), left: -1 })],
    ['a field that is an operator', encode({ ...positionAfterOnePage(), fields: ['$where'] })],
    ['an id that is none', encode({ ...positionAfterOnePage(), datasetId: 'd' })],
    ['another version', encode({ ...positionAfterOnePage(), v: 2 })],
  ])('is refused when it is %s', (_what, cursor) => {
    expect(codeOf(() => decodeCursor(cursor, 'orders'))).toBe('CURSOR_INVALID');
  });

  it('survives no change of one character unless it still is a position of the same dataset', () => {
    const cursor = encodeCursor(positionAfterOnePage());

    const outcomes = [...cursor].map((character, index) => {
      const changed = cursor.slice(0, index) + (character === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      try {
        return decodeCursor(changed, 'orders').dataset;
      } catch (error) {
        return (error as KeyportError).code;
      }
    });

    expect(new Set(outcomes)).toEqual(new Set(['orders', 'CURSOR_INVALID']));
  });
});
