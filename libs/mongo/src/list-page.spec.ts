import { datasetName, KeyportError } from '@keyport/contracts';
import { describe, expect, it } from '@jest/globals';
import { listPage, readCursor } from './list-page.ts';

const names = ['apples', 'bread', 'cheese'];
const itself = (name: string) => name;

describe('a page of a list', () => {
  it('ends at the limit, with a cursor that is the key of its last item', () => {
    const { items, next } = listPage(names, 2, itself);

    expect(items).toEqual(['apples', 'bread']);
    expect(readCursor(datasetName, next ?? '')).toBe('bread');
  });

  it('is the last one where no more was found', () => {
    expect(listPage(names, 3, itself)).toEqual({ items: names, next: null });
    expect(listPage([], 3, itself)).toEqual({ items: [], next: null });
  });

  it('begins at the start without a cursor', () => {
    expect(readCursor(datasetName, undefined)).toBeUndefined();
  });

  it.each([
    '',
    '%%%',
    'orders',
    Buffer.from('"Not a name"').toString('base64url'),
    Buffer.from('7').toString('base64url'),
  ])('is refused behind the cursor %j', (cursor) => {
    expect(() => readCursor(datasetName, cursor)).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
    expect(() => readCursor(datasetName, cursor)).toThrow(KeyportError);
  });
});
